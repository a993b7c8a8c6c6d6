"""The slow flow of phase II: label noise shrinks the entropy's scale, and the decayed solution follows."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.integrate import cumulative_trapezoid, solve_ivp

from lrdecay_core import checks, solvers
from lrdecay_core.theory.gradient_noise import batch_mean_square, mean_squared_gradient

__all__ = ["graded_depths", "slow_flow", "slow_log_scale"]

SWEEPS = 60  # Picard sweeps; their error falls like (correction)^k / k!


def slow_flow(
    X: Any,
    y: Any,
    *,
    init_scale: float,
    slow_times: Any,
    label_noise: float,
    batch_size: int,
    learning_rate: float | None = None,
    replacement: bool = False,
) -> np.ndarray:
    r"""Return the coefficients (K, d) that decay at the given slow times leads to, tau = eta^2 T.

    beta(tau) = argmin { psi_{a(tau)}(b) : Xb = y }, the entropy homotopy from a_0 to basis pursuit, with a(tau) from
    ``slow_log_scale``, which takes and explains the same arguments. Source: ours; Theorem E of the book (proved to
    leading order as eta -> 0 for bounded label noise; the first-order correction is heuristic).

    >>> beta = slow_flow([[1.0, 0.5]], [1.0], init_scale=1.0, slow_times=[0.0, 50.0], label_noise=1.0, batch_size=1)
    >>> beta.round(3).tolist()
    [[0.803, 0.394], [0.0, 2.0]]

    The second column is half as long: its scale shrinks at a quarter of the rate, and it takes over.
    """
    log_scale = slow_log_scale(
        X,
        y,
        init_scale=init_scale,
        slow_times=slow_times,
        label_noise=label_noise,
        batch_size=batch_size,
        learning_rate=learning_rate,
        replacement=replacement,
    )
    return solvers.entropy_projection(X, y, log_scale, np.zeros_like(log_scale)).solution


def slow_log_scale(
    X: Any,
    y: Any,
    *,
    init_scale: float,
    slow_times: Any,
    label_noise: float,
    batch_size: int,
    learning_rate: float | None = None,
    replacement: bool = False,
) -> np.ndarray:
    r"""Return log a_j (K, d) at slow times tau = eta^2 k.

    Leading order: log a_j = log a_0 - sigma^2 chi_j tau / B, chi_j = |X_j|^2 / n, a_0 = 2 init_scale^2. First order in
    eta adds the residuals' own noise. On the plateau their covariance is (eta sigma^2 / B) X D X^T, so

        d log a_j / d tau = -(sigma^2 / B) (chi_j + eta c_j),  c_j = E_B[(X_B^T r_B / B)_j^2] for covariance X D X^T,

    and phase I, from the start to the manifold, contributes -eta int E_B[g_j^2] dt along its gradient flow.
    Source: ours; Theorem E of the book and, heuristic, its first-order correction.

    Args:
        X: (n, d) design of full row rank n < d.
        y: (n,) labels.
        init_scale: s > 0, the start p = m = s.
        slow_times: (K,) tau = eta^2 k >= 0, increasing; if rates change, the sum of their squares.
        label_noise: standard deviation sigma.
        batch_size: B.
        learning_rate: eta; None for leading order.
        replacement: whether batches are drawn with replacement (matters at first order alone).

    Raises:
        ValueError: an argument is out of range or slow times do not increase.
    """
    X, y = checks.design(X, checks.finite_array("y", y, shape=(None,)))
    times = checks.finite_array("slow_times", slow_times, shape=(None,))
    if not len(times) or times[0] < 0 or (np.diff(times) <= 0).any():
        raise ValueError(f"`slow_times` must be 0 or above and increase strictly, got {times.tolist()}")
    sigma = checks.non_negative("label_noise", label_noise)
    checks.boolean("replacement", replacement)
    B = checks.integer("batch_size", batch_size, minimum=1, maximum=None if replacement else len(X))
    start = np.full(X.shape[1], np.log(2 * checks.positive("init_scale", init_scale) ** 2))
    drift, v = sigma**2 / B, (X**2).mean(axis=0)
    if learning_rate is None:
        return start - drift * v * times[:, None]

    eta = checks.positive("learning_rate", learning_rate)
    fastest = max(drift * v.max(), 1e-300)
    grid = np.union1d(graded_depths(fastest * times[-1]) / fastest, times)
    silent = phase_one_flow(X, y, start, batch_size=B, replacement=replacement)
    start = start - eta * silent.y[len(X) :, -1]
    leading = start - drift * v * grid[:, None]
    log_scale = settled_log_scale(
        X,
        y,
        leading,
        grid,
        factor=drift * eta,
        batch_size=B,
        replacement=replacement,
        where=f"at `learning_rate` {eta}",
    )
    return np.asarray(log_scale[np.searchsorted(grid, times)])


def settled_log_scale(
    X: np.ndarray,
    y: np.ndarray,
    leading: np.ndarray,
    clock: np.ndarray,
    *,
    factor: float,
    batch_size: int,
    replacement: bool,
    where: str,
) -> np.ndarray:
    """Return log a (G, d) = leading - factor int c d(clock), c = E_B[(X_B^T r_B / B)^2] for residuals X D X^T.

    D depends on log a: Picard iteration, each sweep one batch of projections.

    Args:
        X: (n, d) design.
        y: (n,) labels.
        leading: (G, d) log a to leading order, along the flow.
        clock: (G,) what the noise of the residuals adds up over.
        factor: of the integral.
        batch_size: B.
        replacement: whether batches are drawn with replacement.
        where: words for the message of the error.

    Raises:
        RuntimeError: the sweeps do not settle.
    """
    log_scale, near = leading, None
    for _ in range(SWEEPS):
        landed = solvers.entropy_projection(X, y, log_scale, np.zeros_like(log_scale), start=near)
        D, near = np.hypot(landed.solution, np.exp(log_scale)), landed.multiplier
        c = batch_mean_square(X, (X * D[:, None, :]) @ X.T, batch_size=batch_size, replacement=replacement)
        found = leading - factor * cumulative_trapezoid(c, clock, axis=0, initial=0)
        change, log_scale = np.abs(found - log_scale).max(), found
        if change < 1e-10:
            return np.asarray(log_scale)
    raise RuntimeError(f"the first-order correction did not settle {where}: last change {change:.1e}")


def graded_depths(deepest: float) -> np.ndarray:
    """Return values of log(a_0 / a) from 0 to ``deepest``, 0.05 apart at first and one percent apart in the end.

    The flow settles into powers of a, so the trapezoid rule and log-linear interpolation stay good to 2e-4.
    """
    points = 5 * np.sinh(np.arange(0, np.arcsinh(deepest / 5), 0.01))
    return np.append(points[points < deepest], deepest)


def phase_one_flow(X: np.ndarray, y: np.ndarray, log_scale: np.ndarray, *, batch_size: int, replacement: bool) -> Any:
    """Return scipy's solution, dense, of gradient flow from beta = 0: n entries of mu, then int_0^t E_B[g_j^2], (d,).

    The flow keeps a and moves phi = X^T mu by d mu / dt = -(2 / n) r: n equations.
    """
    n, a = len(X), np.exp(log_scale)

    def velocity(_: float, state: np.ndarray) -> np.ndarray:
        r = X @ (a * np.sinh(state[:n] @ X)) - y
        square = mean_squared_gradient(X, r, label_noise=0.0, batch_size=batch_size, replacement=replacement)
        return np.concatenate([-2 / n * r, square])

    slowest = 2 / n * np.linalg.eigvalsh((X * a) @ X.T)[0]  # D >= a: residuals fall at least this fast
    start, end = np.zeros(n + X.shape[1]), 20 / slowest
    return solve_ivp(velocity, (0, end), start, method="LSODA", rtol=1e-8, atol=1e-10, dense_output=True)
