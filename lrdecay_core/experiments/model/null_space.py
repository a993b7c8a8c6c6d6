"""How wrong labels reach the minimum-norm solution: the null-space constant, and the error bound it gives."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import linprog

from lrdecay_core import rng, solvers
from lrdecay_core.experiments.model.setting import Setting

__all__ = ["error_bound_used", "null_space_constant"]


def null_space_constant(X: np.ndarray, support: np.ndarray) -> float:
    """Return rho, the largest |h_S|_1 / |h_{S^c}|_1 over h in ker X, by one linear programme per pattern of signs.

    Args:
        X: (n, d).
        support: indices of S; the number of programmes is 2^(|S| - 1).
    """
    n, d = X.shape
    off = np.setdiff1d(np.arange(d), support)
    signs = itertools.product([1.0, -1.0], repeat=len(support) - 1)
    # variables h_S (free), h_off = plus - minus: maximise <signs, h_S> with X h = 0 and sum(plus + minus) <= 1
    equal = np.hstack([X[:, support], X[:, off], -X[:, off]])
    size = np.concatenate([np.zeros(len(support)), np.ones(2 * len(off))])
    bounds = [(None, None)] * len(support) + [(0, None)] * (2 * len(off))
    best = 0.0
    for rest in signs:
        cost = np.concatenate([[-1.0], -np.array(rest), np.zeros(2 * len(off))])
        found = linprog(cost, A_ub=size[None], b_ub=[1.0], A_eq=equal, b_eq=np.zeros(n), bounds=bounds, method="highs")
        best = max(best, -float(found.fun))
    return best


def error_bound_used(num_problems: int, *, setting: Setting | None = None, level: float = 0.3) -> np.ndarray:
    """Return actual over bound, (P,), of |b_BP - beta_true|_1 <= (3 + rho) / (1 - rho) N(e); below 1 where it holds.

    NaN where rho >= 1 and the bound says nothing.
    """
    s = setting or Setting()
    used = np.full(num_problems, np.nan)
    for seed in range(num_problems):
        exact = s.problem(seed)
        e = level * rng.stream(seed, "label errors").standard_normal(s.num_samples)
        rho = null_space_constant(exact.X, np.flatnonzero(exact.beta_true))
        if rho < 1:
            bound = (3 + rho) / (1 - rho) * solvers.basis_pursuit(exact.X, e).value
            found = solvers.basis_pursuit(exact.X, exact.y + e).solution
            used[seed] = np.abs(found - exact.beta_true).sum() / bound
    return used
