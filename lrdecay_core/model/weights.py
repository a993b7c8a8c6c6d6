"""Weights of the model, and the one place where (u, v) and (p, m) meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrdecay_core import checks

__all__ = ["Weights"]


@dataclass(frozen=True, eq=False)
class Weights:
    r"""Weights theta = (u, v) of f(x) = <u * v, x>, held as p = (u + v) / 2 and m = (u - v) / 2.

    Then beta = u * v = p^2 - m^2, and one SGD step of size eta **in (u, v)** multiplies

        p by 1 - eta g   and   m by 1 + eta g,   g = X_B^T (X_B beta - y_B) / B,

    coordinate by coordinate, which is why (p, m) keeps full relative accuracy where u - v would cancel.
    Source: ours; it is SGD written out.

    >>> w = Weights.from_uv([2.0, 1.0], [1.0, -1.0])
    >>> w.beta.tolist(), float(w.norm_squared)
    ([2.0, -1.0], 7.0)
    """

    p: np.ndarray
    """(..., d)"""
    m: np.ndarray
    """(..., d)"""

    def __post_init__(self) -> None:
        """Take both as float64 arrays of one shape."""
        p, m = checks.array("p", self.p), checks.array("m", self.m)
        if p.shape != m.shape or p.ndim < 1:
            raise ValueError(f"`p` and `m` must share one shape (..., d), got {p.shape} and {m.shape}")
        object.__setattr__(self, "p", p)
        object.__setattr__(self, "m", m)

    @classmethod
    def from_uv(cls, u: Any, v: Any) -> Weights:
        """Return the weights with the given factors u and v."""
        u, v = np.asarray(u, dtype=np.float64), np.asarray(v, dtype=np.float64)
        return cls((u + v) / 2, (u - v) / 2)

    @classmethod
    def from_scale(cls, log_scale: Any, phi: Any) -> Weights:
        """Return the weights p, m > 0 with 2 p m = exp(log_scale) and log(p / m) = phi."""
        half, phi = (np.asarray(log_scale, dtype=np.float64) - np.log(2)) / 2, np.asarray(phi, dtype=np.float64)
        return cls(np.exp(half + phi / 2), np.exp(half - phi / 2))

    @property
    def u(self) -> np.ndarray:
        """(..., d) p + m."""
        return self.p + self.m

    @property
    def v(self) -> np.ndarray:
        """(..., d) p - m."""
        return self.p - self.m

    @property
    def beta(self) -> np.ndarray:
        """(..., d) coefficients p^2 - m^2 = u v."""
        return self.p**2 - self.m**2

    @property
    def magnitude(self) -> np.ndarray:
        """(..., d) D = p^2 + m^2 = sqrt(beta^2 + a^2)."""
        return self.p**2 + self.m**2

    @property
    def log_scale(self) -> np.ndarray:
        """(..., d) log a, a = 2 |p m|: the scale of the entropy; -inf where a weight is exactly 0."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(2) + np.log(np.abs(self.p)) + np.log(np.abs(self.m)))

    @property
    def phi(self) -> np.ndarray:
        """(..., d) log |p / m| = arcsinh(beta / a); infinite where one weight is exactly 0, NaN where both are."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(np.abs(self.p)) - np.log(np.abs(self.m)))

    @property
    def norm_squared(self) -> np.ndarray:
        """(...) |theta|^2 = |u|^2 + |v|^2 = 2 (|p|^2 + |m|^2); at least 2 |beta|_1, with equality iff p m = 0."""
        return np.asarray(2 * self.magnitude.sum(axis=-1))
