"""The regression problem that the nonlinear model f(x; u, v) = <u * v, x> is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrdecay_core import checks, rng

__all__ = ["Problem"]


@dataclass(frozen=True, eq=False)
class Problem:
    """Labels y = X beta with fewer samples than features: training loss has a manifold of minima.

    Columns are used as given. Under |X_j|^2 = n (``normalised``) all coordinates drift at one rate and the Hessian
    trace is the squared weight norm; otherwise coordinate j drifts at the rate ``column_weights[j]``.

    >>> problem = Problem.sparse(num_samples=20, num_features=40, sparsity=3, seed=2)
    >>> problem.X.shape, problem.normalised, float(problem.train_loss(problem.beta_true))
    ((20, 40), True, 0.0)

    Raises:
        ValueError: an entry is not finite, shapes do not fit, n >= d, rank(X) < n, or a column is 0.
    """

    X: np.ndarray
    """(n, d) design, rows are samples."""
    y: np.ndarray
    """(n,) training labels."""
    beta_true: np.ndarray = None  # type: ignore[assignment]
    """(d,) coefficients of the population; without them test losses are NaN."""
    positive: bool = False
    """Train f = <p^2, x>: the weights m stay 0 and coefficients cannot turn negative."""

    def __post_init__(self) -> None:
        """Validate, and make the arrays read-only copies."""
        checks.boolean("positive", self.positive)
        X, y = checks.design(self.X, checks.finite_array("y", self.y, shape=(None,)))
        d = X.shape[1]
        empty = np.flatnonzero(~X.any(axis=0))
        if len(empty):
            raise ValueError(
                f"`X` must have no zero column (its weights would never move), got zeros in {empty.tolist()}"
            )
        truth = np.full(d, np.nan)
        if self.beta_true is not None:
            truth = checks.finite_array("beta_true", self.beta_true, shape=(d,))
        for name, value in (("X", X), ("y", y), ("beta_true", truth)):
            copy = np.array(value)
            copy.setflags(write=False)
            object.__setattr__(self, name, copy)

    @property
    def num_samples(self) -> int:
        """Number of samples, n."""
        return int(self.X.shape[0])

    @property
    def num_features(self) -> int:
        """Number of features, d."""
        return int(self.X.shape[1])

    @property
    def column_weights(self) -> np.ndarray:
        """(d,) chi_j = |X_j|^2 / n."""
        return np.asarray((self.X**2).mean(axis=0))

    @property
    def normalised(self) -> bool:
        """True if every chi_j is 1 (to 1e-12, what dividing by the norm leaves)."""
        return bool(np.abs(self.column_weights - 1).max() <= 1e-12)

    def train_loss(self, beta: Any) -> np.ndarray:
        """Return L = |X beta - y|^2 / 2n for coefficients (..., d), without label noise."""
        residual = np.asarray(beta) @ self.X.T - self.y
        return np.asarray((residual**2).mean(axis=-1) / 2)

    def test_loss(self, beta: Any) -> np.ndarray:
        """Return |beta - beta_true|^2 / 2 for (..., d): the population loss for isotropic x, less its noise floor."""
        return np.asarray(((np.asarray(beta) - self.beta_true) ** 2).sum(axis=-1) / 2)

    @classmethod
    def sparse(
        cls,
        *,
        num_samples: int,
        num_features: int,
        sparsity: int,
        seed: int,
        label_errors: float = 0.0,
    ) -> Problem:
        """Return a Gaussian design with normalised columns, and the truth (1, -1, 1, ..., 0) of ``sparsity`` entries.

        Args:
            num_samples: n.
            num_features: d > n.
            sparsity: s, at most d.
            seed: replicate; another seed is another design.
            label_errors: standard deviation of Gaussian errors added once to the labels, and memorised in training.
        """
        s = checks.integer("sparsity", sparsity, minimum=1, maximum=num_features)
        truth = np.zeros(num_features)
        truth[:s] = (-1.0) ** np.arange(s)
        X = _gaussian_design(num_samples, num_features, seed)
        errors = checks.non_negative("label_errors", label_errors) * rng.stream(seed, "label errors").standard_normal(
            num_samples
        )
        return cls(X, X @ truth + errors, truth)

    @classmethod
    def dense(
        cls,
        *,
        num_samples: int,
        num_features: int,
        seed: int,
        magnitudes: str = "equal",
        exponent: float = 0.5,
        norm_squared: float = 3.0,
    ) -> Problem:
        """Return the same design with a truth that is not sparse: here less l1 norm is no help.

        Args:
            num_samples: n.
            num_features: d > n.
            seed: replicate.
            magnitudes: ``"equal"``, ``"gaussian"``, or ``"power"`` for |beta_j| proportional to j^-exponent.
            exponent: of ``"power"``; from 1 on, few coordinates carry most of the truth.
            norm_squared: |beta_true|^2; the sparse truth has ``sparsity``.
        """
        checks.one_of("magnitudes", magnitudes, ("equal", "gaussian", "power"))
        draw = rng.stream(seed, "dense truth")
        truth = draw.choice([-1.0, 1.0], size=num_features)
        if magnitudes == "power":
            truth *= np.arange(1, num_features + 1) ** -checks.non_negative("exponent", exponent)
        elif magnitudes == "gaussian":
            truth = draw.standard_normal(num_features)
        truth *= np.sqrt(checks.positive("norm_squared", norm_squared)) / np.linalg.norm(truth)
        X = _gaussian_design(num_samples, num_features, seed)
        return cls(X, X @ truth, truth)

    @classmethod
    def three_dimensional(cls) -> Problem:
        """Return the drawable instance: two samples, three features, f = <p^2, x>; its minima form closed curves.

        Columns stand at 0, 45 and 90 degrees with |X_j|^2 = n = 2, and beta_true = (1, sqrt 2, 0).
        Its exact laws are in ``theory.three_dimensional``. Source: ours.
        """
        root = np.sqrt(2.0)
        return cls(
            np.array([[root, 1.0, 0.0], [0.0, 1.0, root]]),
            np.array([2 * root, root]),
            np.array([1.0, root, 0.0]),
            positive=True,
        )


def _gaussian_design(num_samples: int, num_features: int, seed: int) -> np.ndarray:
    n = checks.integer("num_samples", num_samples, minimum=1)
    d = checks.integer("num_features", num_features, minimum=2)
    X = rng.stream(seed, "design").standard_normal((n, d))
    return np.asarray(X * (np.sqrt(n) / np.linalg.norm(X, axis=0)))
