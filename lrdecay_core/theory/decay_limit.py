"""Where a run lands if its learning rate decays now, and how fast it gets there."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrdecay_core import checks, solvers

__all__ = ["late_decay_limit", "late_decay_limit_positive", "tail_drift_bound", "tail_rate"]


def late_decay_limit(X: Any, y: Any, log_scale: Any, centre: Any) -> np.ndarray:
    r"""Return the coefficients (..., d) that gradient flow reaches from a state of SGD: late decay is a projection.

    beta_inf(T) = argmin { psi_{a_T}(b) - <phi~_T, b> : Xb = y }, psi_a the hyperbolic entropy, for any steps,
    batches and noise before T. As the scale shrinks it goes to basis pursuit. Exact for a vanishing decayed rate;
    decay to eta_s moves log a by another O(eta_s). Source: ours; Theorem D of the book.

    Args:
        X: (n, d) design of full row rank n < d.
        y: (n,) labels.
        log_scale: (..., d) log a_T, as in ``Path.log_scale``. Rows with a NaN (a run that diverged) give NaN.
        centre: (..., d) phi~_T, as in ``Path.centre``; any phi_T + X^T lambda gives the same limit.

    Raises:
        ValueError: bad shapes, or a coordinate with one weight at exactly 0 (see ``solvers.kl_projection``).

    >>> late_decay_limit([[1.0, 1.0]], [1.0], np.zeros(2), np.zeros(2)).round(12).tolist()
    [0.5, 0.5]
    """
    y = checks.finite_array("y", y, shape=(None,))
    log_scale, centre = checks.broadcast(log_scale=log_scale, centre=centre)
    kept = ~np.isnan(log_scale).any(axis=-1)
    limit = np.full(log_scale.shape, np.nan)
    limit[kept] = solvers.entropy_projection(X, y, log_scale[kept], centre[kept]).solution
    return limit


def late_decay_limit_positive(X: Any, y: Any, log_squares: Any) -> np.ndarray:
    """Return the same limit for f = <p^2, x>: argmin { KL(b | p_T^2) : b >= 0, Xb = y }, (..., d).

    Exists if a strictly positive interpolator does. Source: ours; Theorem D of the book.

    Args:
        X: (n, d) design of full row rank n < d.
        y: (n,) labels.
        log_squares: (..., d) log p_T^2, finite.

    Raises:
        ValueError: bad shapes, or no positive b solves Xb = y.
    """
    logs = checks.finite_array("log_squares", log_squares)
    return solvers.kl_projection(X, y, logs, np.full(logs.shape, -np.inf)).solution


def tail_rate(X: Any, log_scale: Any) -> np.ndarray:
    """Return mu = (2 / n) lambda_min(X diag(a) X^T), (...): gradient flow shrinks residuals at least like e^(-mu t).

    t = eta_s times steps. As a falls so does mu: very late decays leave tiny, slow residuals.
    Source: ours; Theorem D of the book.

    Args:
        X: (n, d) design.
        log_scale: (..., d) log a at decay.
    """
    X = checks.finite_array("X", X, shape=(None, None))
    a = np.exp(checks.finite_rows("log_scale", log_scale, X.shape[1]))
    return np.asarray(2 / len(X) * np.linalg.eigvalsh((X * a[..., None, :]) @ X.T)[..., 0])


def tail_drift_bound(train_loss: Any, rate: Any, *, decayed_rate: float) -> np.ndarray:
    """Return (5/2) eta_s L_T / mu, what a full-batch tail without label noise can still take off log a_j.

    It measures how far a tail of finite rate is from the limit of vanishing rate. Needs normalised columns, every
    eta_s |g| <= 1/2, and |r|^2 falling by the factor 1 - eta_s mu per step. Source: ours; corollary of Theorem D.

    Args:
        train_loss: (...) L at decay.
        rate: (...) mu of ``tail_rate``.
        decayed_rate: eta_s.
    """
    eta = checks.positive("decayed_rate", decayed_rate)
    return np.asarray(2.5 * eta * checks.array("train_loss", train_loss) / checks.array("rate", rate))
