"""What one SGD step does exactly, whatever its size and its noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrdecay_core import checks

__all__ = ["Identities", "centre_increment", "identity_residuals"]


def centre_increment(step: Any) -> np.ndarray:
    """Return c(x) = log |(1 - x) / (1 + x)| + 2x = -(2/3) x^3 - (2/5) x^5 - ..., what a step adds to the centre.

    ``step`` is x = eta g in any shape; c is infinite at |x| = 1. Source: ours; Theorem D of the book.

    >>> float(centre_increment(0.1).round(9))
    -0.000670695
    """
    x = checks.array("step", step)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.abs(1 - x)) - np.log(np.abs(1 + x)) + 2 * x)


@dataclass(frozen=True, kw_only=True, eq=False)
class Identities:
    """Residuals (...) of the exact identities of one step h = eta g, each the largest over coordinates."""

    scale: np.ndarray
    """log a' - log a - log |1 - h^2|, with a = 2 |p m|."""
    phi: np.ndarray
    """phi' - phi - log |(1 - h) / (1 + h)|, with phi = log |p / m|."""
    beta: np.ndarray
    """beta' - (1 + h^2) beta + 2 h D, over max D."""
    magnitude: np.ndarray
    """D' - (1 + h^2) D + 2 h beta, over max D, with D = p^2 + m^2."""
    norm: np.ndarray
    """The change of the squared norm against 2 sum_j (h_j^2 D_j - 2 h_j beta_j), over the squared norm."""


def identity_residuals(p: Any, m: Any, p_next: Any, m_next: Any, step: Any) -> Identities:
    """Return how far a step from (p, m) to (p_next, m_next) with h = eta g is from the exact identities.

    They hold for any h with |h| != 1: rounding is all that may remain, about 1e-15 for the algebraic ones and
    1e-15 |log a| in logarithms. Source: ours; Theorem C of the book.

    Args:
        p: (..., d) weights p = (u + v) / 2 before the step, not 0.
        m: (..., d) weights m = (u - v) / 2 before the step, not 0.
        p_next: (..., d) after it.
        m_next: (..., d) after it.
        step: (..., d) h = eta g.

    >>> found = identity_residuals([1.0], [0.5], [0.9], [0.55], [0.1])
    >>> bool(max(found.scale, found.phi, found.beta, found.magnitude, found.norm) < 1e-15)
    True
    """
    p, m, p1, m1, h = checks.broadcast(p=p, m=m, p_next=p_next, m_next=m_next, step=step)
    beta, D, beta1, D1 = p**2 - m**2, p**2 + m**2, p1**2 - m1**2, p1**2 + m1**2
    grown_p, grown_m = np.log(np.abs(p1 / p)), np.log(np.abs(m1 / m))
    norm = 2 * D.sum(axis=-1)
    change = 2 * (h**2 * D - 2 * h * beta).sum(axis=-1)

    def largest(residual: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs(residual).max(axis=-1))

    return Identities(
        scale=largest(grown_p + grown_m - np.log(np.abs(1 - h**2))),
        phi=largest(grown_p - grown_m - np.log(np.abs((1 - h) / (1 + h)))),
        beta=largest(beta1 - (1 + h**2) * beta + 2 * h * D) / D.max(axis=-1),
        magnitude=largest(D1 - (1 + h**2) * D + 2 * h * beta) / D.max(axis=-1),
        norm=np.abs(2 * D1.sum(axis=-1) - norm - change) / norm,
    )
