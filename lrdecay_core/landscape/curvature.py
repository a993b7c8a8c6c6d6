"""Second derivatives of a loss of a flat vector: products, trace, top eigenvalues, each with its error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh
from torch import Tensor

from lrdecay_core import checks, rng
from lrdecay_core.landscape.vectors import tensor

__all__ = ["Spectrum", "Trace", "hessian", "top_eigenvalues", "trace"]


@dataclass(frozen=True, kw_only=True)
class Trace:
    """An unbiased estimate of the trace of a Hessian."""

    value: float
    """Mean over probes."""
    standard_error: float
    """Of ``value``: sample standard deviation over probes / sqrt(num_probes)."""
    num_probes: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Spectrum:
    """The largest eigenvalues of a Hessian."""

    values: np.ndarray
    """(k,) in falling order."""
    vectors: np.ndarray
    """(k, P) eigenvectors of length one."""
    residuals: np.ndarray
    """(k,) |H x - lambda x|: an eigenvalue of H lies within it of each value."""


def hessian(loss: Callable[[Tensor], Tensor], vector: Tensor | np.ndarray) -> Callable[[Tensor], Tensor]:
    """Return x -> H x with H the Hessian of ``loss`` at ``vector``, both (P,), by differentiating the gradient.

    At a ReLU kink it is the Hessian of the pieces that meet the point: curvature from kinks is not seen.

    Raises:
        ValueError: the loss is not finite at ``vector``, or not differentiable twice.

    >>> hessian(lambda v: v[0] ** 2 * v[1], torch.tensor([1.0, 3.0]))(torch.tensor([1.0, 0.0]))
    tensor([6., 2.])
    """
    checks.function("loss", loss)
    v = tensor(vector, "vector").detach().clone()
    if v.ndim != 1 or not v.is_floating_point():
        raise ValueError(f"`vector` must be (P,) in floating point, got {tuple(v.shape)} {v.dtype}")
    v.requires_grad_()
    with torch.enable_grad():
        value = loss(v)
        if value.numel() != 1 or not bool(value.isfinite()):
            raise ValueError(f"`loss` must be one finite number at `vector`, got {value}")
        if not value.requires_grad:
            raise ValueError("`loss` must be differentiable: what it returns does not depend on its vector by torch")
        (gradient,) = torch.autograd.grad(value, v, create_graph=True)

    def product(x: Tensor) -> Tensor:
        if not gradient.requires_grad:  # a linear loss
            return torch.zeros_like(v)
        found = torch.autograd.grad(gradient, v, x.to(v), retain_graph=True, materialize_grads=True)[0]
        return found.detach()

    return product


def trace(
    loss: Callable[[Tensor], Tensor], vector: Tensor | np.ndarray, *, num_probes: int = 32, seed: int = 0
) -> Trace:
    """Estimate tr H as the mean of z^T H z over random signs z (Hutchinson 1989).

    Its variance is 2 (|H|_F^2 - sum_i H_ii^2) / num_probes: none for a diagonal H.

    Args:
        loss: differentiable function of a flat vector.
        vector: (P,).
        num_probes: at least 2, for a standard error.
        seed: of the signs; probe k is the same however many are drawn.
    """
    count = checks.integer("num_probes", num_probes, minimum=2)
    product, like = hessian(loss, vector), tensor(vector)
    found = []
    for k in range(count):
        z = torch.from_numpy(rng.stream(seed, "Hutchinson signs", k).choice([-1.0, 1.0], len(like))).to(like)
        found.append(float(z.double() @ product(z).double()))
    return Trace(
        value=float(np.mean(found)), standard_error=float(np.std(found, ddof=1) / count**0.5), num_probes=count
    )


def top_eigenvalues(
    loss: Callable[[Tensor], Tensor],
    vector: Tensor | np.ndarray,
    *,
    num: int = 1,
    tolerance: float = 1e-4,
    max_products: int = 1000,
    seed: int = 0,
) -> Spectrum:
    """Return the ``num`` largest eigenvalues of H, by Lanczos iteration with restarts (ARPACK).

    Args:
        loss: differentiable function of a flat vector.
        vector: (P,), P above ``num``.
        num: how many; the largest with their sign, so negative curvature is not among them unless all is.
        tolerance: relative accuracy asked for; single precision cannot give much below 1e-5.
        max_products: restarts allowed.
        seed: of the start vector.

    Raises:
        RuntimeError: no convergence.
    """
    product = hessian(loss, vector)
    like = tensor(vector)
    size = len(like)
    num = checks.integer("num", num, minimum=1, maximum=size - 1)
    checks.non_negative("tolerance", tolerance), checks.integer("max_products", max_products, minimum=1)

    def matvec(x: np.ndarray) -> np.ndarray:
        return np.asarray(product(torch.from_numpy(x.reshape(-1))).double().cpu().numpy())

    operator = LinearOperator((size, size), matvec=matvec, dtype=np.float64)
    start = rng.stream(seed, "Lanczos start").standard_normal(size)
    try:
        values, vectors = eigsh(operator, k=num, which="LA", v0=start, tol=tolerance, maxiter=max_products)
    except ArpackNoConvergence as error:
        raise RuntimeError(
            f"the top eigenvalues did not converge ({error}); raise max_products or tolerance"
        ) from error
    order = np.argsort(values)[::-1]
    values, vectors = values[order], vectors.T[order]
    residuals = [float(np.linalg.norm(matvec(x) - value * x)) for value, x in zip(values, vectors, strict=True)]
    return Spectrum(values=values, vectors=vectors, residuals=np.array(residuals))
