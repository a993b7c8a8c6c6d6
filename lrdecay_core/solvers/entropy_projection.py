"""Entropy projection: the interpolator that the late-decay limit selects."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lrdecay_core import checks

__all__ = ["Projection", "entropy_projection", "kl_projection"]

EPS = float(np.finfo(np.float64).eps)
LONGEST_STEP = 30.0  # in the exponent, and a tenth of its depth: a longer guess wastes halvings, a shorter one steps
RIDGE = 1e-17  # relative to the trace: below rounding, so it acts only where the Hessian is numerically singular
MAX_ITERATIONS = 500  # the most seen is 80 over random designs at scales 10 to 1e-150, 185 down to e^-7000


@dataclass(frozen=True, kw_only=True, eq=False)
class Projection:
    """Solutions of an entropy projection, one per leading index, with their residuals."""

    solution: np.ndarray
    """(..., d) b, in the form the optimality condition prescribes for ``multiplier``, exactly."""
    multiplier: np.ndarray
    """(..., n) dual point mu."""
    residual: np.ndarray
    """(...) max |Xb - y| / max |y| (absolute where y = 0): what rounding leaves open of the
    optimality conditions."""


def entropy_projection(X: Any, y: Any, log_scale: Any, centre: Any, *, start: Any = None) -> Projection:
    r"""Return b = argmin { psi_a(b) - <centre, b> : Xb = y }, the projection that late decay performs.

    psi_a(b) = sum_j [b_j arcsinh(b_j / a_j) - sqrt(b_j^2 + a_j^2) + a_j] is the hyperbolic entropy of scale a, and
    b = a sinh(centre + X^T mu) with Xb = y are the optimality conditions. Large scales give nearly the least l2
    norm (centre 0), small ones nearly the least l1 norm. Source: the entropy is that of Woodworth et al. (2020);
    a safeguarded Newton iteration on the n-dimensional dual, in the logarithm of b throughout, is ours.

    Args:
        X: (n, d) design of full row rank n < d.
        y: (..., n) labels.
        log_scale: (..., d) log a, in natural logarithms; scales down to 1e-150 and below are meant to be used.
            ``-inf`` freezes a coordinate at 0 (both its weights are 0) and its centre is not read.
        centre: (..., d), finite; leading axes broadcast.
        start: (..., n) dual point to begin at, such as the ``multiplier`` of a problem close by; None is 0.

    Raises:
        ValueError: bad shapes or entries, or the coordinates that are not frozen cannot solve Xb = y.

    >>> found = entropy_projection([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]], [1.0, 0.0], np.full(3, -200.0), np.zeros(3))
    >>> found.solution.round(9).tolist()
    [1.0, -0.0, 0.0]
    """
    X, y = checks.design(X, y)
    log_scale, centre = checks.broadcast(log_scale=log_scale, centre=centre)
    half = log_scale - math.log(2)
    phi = np.where(np.isneginf(half), 0.0, centre)
    if not np.isfinite(phi).all():
        raise ValueError(
            "`centre` must be finite wherever `log_scale` is; a coordinate with one weight exactly 0 has no scale and "
            "centre: call `kl_projection` with the logarithms of both squared weights"
        )
    return kl_projection(X, y, half + phi, half - phi, start=start)


def kl_projection(X: Any, y: Any, log_positive: Any, log_negative: Any, *, start: Any = None) -> Projection:
    r"""Return b = P - Q for argmin { KL(P|p^2) + KL(Q|m^2) : P, Q >= 0, X(P - Q) = y }.

    KL(P|q) = sum P log(P / q) - P + q, and P = p^2 exp(X^T mu), Q = m^2 exp(-X^T mu). With a = 2|pm| and centre
    log|p/m| this is ``entropy_projection``; it also covers weights that are exactly 0, such as m = 0 throughout
    (the model with positive coefficients). Source: ours; Theorem D of the book.

    Args:
        X: (n, d) design of full row rank n < d.
        y: (..., n) labels.
        log_positive: (..., d) log p^2, ``-inf`` where p = 0.
        log_negative: (..., d) log m^2, ``-inf`` where m = 0.
        start: (..., n) dual point to begin at, near the solution; None is 0, from where there is a path to it.

    Raises:
        ValueError: bad shapes or entries, or no b with the allowed signs solves Xb = y (or only one on the border).

    >>> kl_projection([[1.0, 1.0]], [1.0], np.log([3.0, 1.0]), np.full(2, -np.inf)).solution.round(12).tolist()
    [0.75, 0.25]
    """
    X, y = checks.design(X, y)
    n, d = X.shape
    logs = []
    for name, value in (("log_positive", log_positive), ("log_negative", log_negative)):
        array = checks.array(name, value)
        if array.shape[-1:] != (d,) or np.isnan(array).any() or np.isposinf(array).any():
            raise ValueError(
                f"`{name}` must end in {d} entries, one per column of `X`, finite or -inf (NaN marks a run without a "
                f"limit: leave it out), got shape {array.shape}"
            )
        logs.append(array)
    shapes = [part.shape[:-1] for part in (y, *logs)]
    try:
        lead = np.broadcast_shapes(*shapes)
    except ValueError as error:
        raise ValueError(f"leading axes of `y`, `log_positive` and `log_negative` must fit, got {shapes}") from error

    def rows(array: np.ndarray) -> Tensor:
        full = np.broadcast_to(array, (*lead, array.shape[-1])).reshape(-1, array.shape[-1])
        return torch.from_numpy(np.ascontiguousarray(full).copy())

    labels = rows(y)
    begin = rows(np.zeros(n) if start is None else checks.finite_array("start", start, shape=(*lead, n)))
    b, mu = _newton(torch.from_numpy(X.copy()), labels, rows(logs[0]), rows(logs[1]), begin)
    size = labels.abs().amax(1)
    residual = (b @ torch.from_numpy(X.T.copy()) - labels).abs().amax(1) / torch.where(size > 0, size, 1.0)
    if (residual > 1e-6).any():
        raise ValueError(
            f"`y` must be reachable with the given weights: no b of their signs solves Xb = y; the relative "
            f"residual is {float(residual.max()):.1e} after {MAX_ITERATIONS} Newton steps"
        )
    return Projection(
        solution=b.numpy().reshape(*lead, d),
        multiplier=mu.numpy().reshape(*lead, n),
        residual=residual.numpy().reshape(lead),
    )


def _primal(x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """Return e^x - e^z without cancellation, and log(e^x + e^z); both exponents may be -inf."""
    top = torch.maximum(x, z)
    apart = torch.nan_to_num((x - z).abs(), nan=0.0)
    return torch.sign(x - z).nan_to_num(nan=0.0) * torch.exp(top) * -torch.expm1(-apart), top + torch.log1p(
        torch.exp(-apart)
    )


def _direction(X: Tensor, gradient: Tensor, log_D: Tensor) -> Tensor:
    """Return the Newton direction for the Hessian X diag(D) X^T / max D.

    D spans up to 150 decades. QR of sqrt(D) X^T never squares that condition number.
    """
    tall = torch.exp(0.5 * (log_D - log_D.amax(1, keepdim=True)))[:, :, None] * X.T
    ridge = math.sqrt(RIDGE) * torch.linalg.vector_norm(tall, dim=(1, 2))[:, None, None]
    upper = torch.linalg.qr(torch.cat([tall, ridge * torch.eye(len(X), dtype=X.dtype)], dim=1), mode="r")[1]
    return torch.cholesky_solve(-gradient[:, :, None], upper, upper=True)[:, :, 0]


def _newton(X: Tensor, y: Tensor, log_p: Tensor, log_q: Tensor, mu: Tensor) -> tuple[Tensor, Tensor]:
    """Minimise F(mu) = sum p e^(X^T mu) + q e^(-X^T mu) - <mu, y> per row; return b and mu.

    From mu = 0 damped Newton steps follow the solutions for labels c y, c from 0 to 1, which is the same path as
    shrinking the scale: no separate continuation is needed.
    """
    b = torch.zeros_like(log_p)
    active = torch.arange(len(y))
    depth = torch.maximum(log_p, log_q).abs().nan_to_num(posinf=0.0).amax(1)
    for _ in range(MAX_ITERATIONS):
        theta = mu[active] @ X
        b[active], log_D = _primal(log_p[active] + theta, log_q[active] - theta)
        gradient = b[active] @ X.T - y[active]
        # theta carries rounding EPS |theta|, which moves b by D times that: no residual can be expected below it.
        terms = torch.exp(log_D) @ X.T.abs() + y[active].abs()
        floor = 4 * EPS * (1 + theta.abs().amax(1)) * terms.amax(1)
        going = gradient.abs().amax(1) > floor
        if not going.any():
            break
        active, theta, gradient, log_D = active[going], theta[going], gradient[going], log_D[going]
        step = _direction(X, gradient, log_D)
        tilt = step @ X
        longest = (LONGEST_STEP + depth[active] / 10) / tilt.abs().amax(1).clamp_min(1e-300)
        length = torch.minimum(torch.exp(-log_D.amax(1)), longest)
        slope = (gradient * step).sum(1)
        for _ in range(60):  # halve until the slope along the step has not turned up by more than half its start
            trial = theta + length[:, None] * tilt
            ahead = _primal(log_p[active] + trial, log_q[active] - trial)[0] @ X.T - y[active]
            overshoot = ~((ahead * step).sum(1) <= -0.5 * slope)
            if not overshoot.any():
                break
            length = torch.where(overshoot, length / 2, length)
        mu[active] += length[:, None] * step
    return b, mu
