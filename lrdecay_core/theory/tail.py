"""Phase III: what a decayed tail does before it stops."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrdecay_core import checks

__all__ = ["tail_drift_bound", "tail_rate"]


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
