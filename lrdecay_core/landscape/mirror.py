"""Statistics that compare landscapes: pure functions of losses already computed.

E is an early-decayed solution, L a late one, O the solution of least testing loss found from them. Profiles run along
the line E + t (L - E), so E is at t = 0 and L at t = 1. Whole-plane correlations are left out on purpose: unrelated
solutions reach 0.8 as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrdecay_core import checks

__all__ = [
    "decreasing_fraction",
    "lowest_point",
    "profile_rms",
    "relative_barrier",
    "straight_rms",
    "test_drop",
    "valley_aspect",
]


def test_drop(early: float, late: float) -> float:
    """Return 1 - L_test(L) / L_test(E): the share of the testing loss that going late saves; negative if it adds.

    >>> test_drop(0.5, 0.1)
    0.8
    """
    return 1 - checks.non_negative("late", late) / checks.positive("early", early)


test_drop.__test__ = False  # type: ignore[attr-defined]  # its name is not meant for pytest


def decreasing_fraction(profile: Any) -> float:
    """Return the share of steps from E to L on which the testing loss falls, for evenly spaced t in [0, 1].

    >>> decreasing_fraction([3.0, 2.0, 1.0, 1.5, 1.0])
    0.75
    """
    return float((np.diff(_profile("profile", profile)) < 0).mean())


def lowest_point(t: Any, profile: Any) -> float:
    """Return t*, where the testing loss is least on the line, between grid points by the parabola through three.

    Returns:
        t*; inf where the loss is least at the last t, -inf where it is least at the first: it lies further out.

    >>> t = np.linspace(0, 2, 9)
    >>> round(lowest_point(t, (t - 1.1) ** 2), 9)
    1.1
    """
    values = _profile("profile", profile)
    times = checks.finite_array("t", t, shape=(len(values),))
    k = int(values.argmin())
    if k in (0, len(values) - 1):
        return float(-np.inf if k == 0 else np.inf)
    a, b, _ = np.polyfit(times[k - 1 : k + 2] - times[k], values[k - 1 : k + 2] - values[k], 2)
    return float(times[k] - (b / (2 * a) if a > 0 else 0.0))


def profile_rms(profile: Any, other: Any) -> float:
    """Return the root mean square difference of two z-scored profiles (K,): sqrt(2 - 2 correlation)."""
    return float(np.sqrt(np.square(_scores("profile", profile) - _scores("other", other, len(profile))).mean()))


def straight_rms(t: Any, profile: Any) -> float:
    """Return the root mean square distance of a z-scored profile from the straight line that fits it best.

    The line is fitted and another profile in :func:`profile_rms` is not: a profile closer to the other than to the
    line has a bend in common with it, not just a slope.
    """
    scores = _scores("profile", profile)
    times = checks.finite_array("t", t, shape=(len(scores),))
    return float(np.sqrt(np.square(scores - np.polyval(np.polyfit(times, scores, 1), times)).mean()))


def valley_aspect(values: Any, alpha: Any, beta: Any, *, share: float = 0.1) -> float:
    """Return how long a valley is over how wide: the ratio of the two standard deviations of its points.

    The valley is the ``share`` of grid points with the lowest training loss; the deviations are along its own
    principal axes. A disc has 1, whatever its size.

    Args:
        values: (rows, cols) training loss, ``surface["train"]``.
        alpha: (rows,) coordinates in the same unit as ``beta``.
        beta: (cols,).
        share: of the grid points, in (0, 1).

    Raises:
        ValueError: shapes differ, or the valley has fewer than three points or no width on this grid.
    """
    rows, cols = checks.finite_array("alpha", alpha, shape=(None,)), checks.finite_array("beta", beta, shape=(None,))
    heights = np.asarray(values, dtype=np.float64)
    if heights.shape != (len(rows), len(cols)) or np.isnan(heights).any():
        raise ValueError(
            f"`values` must be computed everywhere on ({len(rows)}, {len(cols)}), got shape {heights.shape} with "
            f"{int(np.isnan(heights).sum())} NaN"
        )
    low = heights <= np.quantile(heights, checks.fraction("share", share), method="lower")
    points = np.stack(np.meshgrid(rows, cols, indexing="ij"))[:, low]
    spread = np.linalg.eigvalsh(np.cov(points)) if points.shape[1] >= 3 else np.zeros(2)
    if spread[0] <= 1e-12 * spread[1] or spread[1] == 0:
        raise ValueError(
            f"`values` must have a valley with a width, got {points.shape[1]} points on a line; refine the grid"
        )
    return float(np.sqrt(spread[1] / spread[0]))


def relative_barrier(barrier: float, around: Any) -> float:
    """Return a barrier over the mean loss at the same distance in random directions, such as :func:`around` returns."""
    losses = checks.finite_array("around", around, shape=(None,))
    return checks.non_negative("barrier", barrier) / checks.positive("the mean of `around`", losses.mean())


def _profile(name: str, values: Any) -> np.ndarray:
    found = checks.finite_array(name, values, shape=(None,))
    if len(found) < 3:
        raise ValueError(f"`{name}` must have at least 3 points, got {len(found)}")
    return found


def _scores(name: str, values: Any, length: int | None = None) -> np.ndarray:
    found = checks.finite_array(name, _profile(name, values), shape=(length,))
    spread = found.std()
    if not spread > 1e-12 * np.abs(found).max():
        raise ValueError(f"`{name}` must vary along the line, got {found[0]} everywhere")
    return (found - found.mean()) / spread
