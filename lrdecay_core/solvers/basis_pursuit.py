"""Basis pursuit: the interpolator of least l1 norm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linprog

from lrdecay_core import checks

__all__ = ["BasisPursuit", "basis_pursuit"]


@dataclass(frozen=True, kw_only=True, eq=False)
class BasisPursuit:
    """A solution of basis pursuit with the numbers that prove it."""

    solution: np.ndarray
    """(d,) b."""
    value: float
    """sum_j weights_j |b_j|."""
    gap: float
    """value minus the dual value <certificate, y>: no interpolator has a value below ``value - gap``."""
    residual: float
    """max |Xb - y|."""
    certificate: np.ndarray
    """(n,) dual point lambda, scaled so that |X_j^T lambda| <= weights_j holds to rounding."""


def basis_pursuit(X: Any, y: Any, *, weights: Any = None, positive: bool = False) -> BasisPursuit:
    r"""Return the interpolator of least l1 norm (basis pursuit), argmin { sum_j w_j |b_j| : Xb = y }.

    Solved as a linear programme in (b_+, b_-) by HiGHS. Source: Chen, Donoho and Saunders (1998). Duality:
    sum_j w_j |b_j| >= <lambda, y> whenever |X_j^T lambda| <= w_j for all j, with equality at the solution.

    Args:
        X: (n, d) design.
        y: (n,) labels.
        weights: (d,) w, all above 0 (a zero weight would leave its coordinate free); default 1. With
            w_j = |X_j|^2 / n this is the problem that label noise solves when columns are not normalised. It equals
            plain basis pursuit of the columns X_j / w_j, whose solution is w_j b_j.
        positive: search b >= 0 only; the dual constraint is then X_j^T lambda <= w_j.

    Raises:
        ValueError: shapes do not fit, a weight is not above 0, or no (non-negative) b solves Xb = y.

    >>> found = basis_pursuit([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]], [1.0, 0.0])
    >>> found.solution.tolist(), abs(found.gap) < 1e-12
    ([1.0, 0.0, 0.0], True)
    """
    checks.boolean("positive", positive)
    X = checks.finite_array("X", X, shape=(None, None))
    n, d = X.shape
    y = checks.finite_array("y", y, shape=(n,))
    w = np.ones(d) if weights is None else checks.finite_array("weights", weights, shape=(d,))
    if (w <= 0).any():
        raise ValueError(f"`weights` must be above 0, got a smallest entry of {w.min()}")
    signs = [1.0] if positive else [1.0, -1.0]
    found = linprog(
        np.tile(w, len(signs)), A_eq=np.hstack([s * X for s in signs]), b_eq=y, bounds=(0, None), method="highs"
    )
    if found.status == 2:
        kind = "non-negative b" if positive else "b"
        raise ValueError(f"`y` must lie in the range of `X`: no {kind} solves Xb = y")
    if found.status != 0:
        raise RuntimeError(f"the linear programme stopped early: {found.message}")
    solution = found.x if positive else found.x[:d] - found.x[d:]
    dual = np.asarray(found.eqlin.marginals, dtype=np.float64)
    slopes = X.T @ dual / w
    dual = dual / max(1.0, float(slopes.max() if positive else np.abs(slopes).max()))
    value = float(w @ np.abs(solution))
    return BasisPursuit(
        solution=solution,
        value=value,
        gap=value - float(dual @ y),
        residual=float(np.abs(X @ solution - y).max()),
        certificate=dual,
    )
