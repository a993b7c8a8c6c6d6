"""The five statistics of every pair of solutions, and the correlation of whole planes that is not one of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import stats

from lrdecay_core.experiments.landscapes.mirror import MODEL, Mirror
from lrdecay_core.experiments.landscapes.views import GRID, LINE, Views
from lrdecay_core.landscape import mirror

__all__ = ["AROUND", "STATISTICS", "Values", "plane_correlations", "profiles", "statistics", "table"]

STATISTICS = {
    "test drop": "share of the testing loss that going from E to L saves",
    "falling share": "share of the line from E to L on which the testing loss falls",
    "t*": "where the testing loss is least on the line; E is at 0, L at 1",
    "nearer by": "distance of the testing profile to the best straight line, minus that to the model's profile",
    "aspect, O from L": "length over width of the training valley in the plane",
    "aspect, O from E": "the same in the plane through the other O",
}
"""The five; the last one on two planes."""
BETWEEN = slice(int(np.argmin(abs(LINE))), int(np.argmin(abs(LINE - 1))) + 1)
AROUND = (LINE >= -0.25 - 1e-9) & (LINE <= 1.25 + 1e-9)
"""The stretch of the line on which profiles are compared."""

Values = Mapping[str, np.ndarray]
"""name -> (S,)"""


def statistics(views: Views, reference: np.ndarray) -> dict[str, np.ndarray]:
    """Return name -> (S,) for the names in ``STATISTICS``.

    A minimum beyond the line that was looked at, t in [-1, 4], counts as its last point.

    Args:
        views: S pairs of solutions.
        reference: (K',) or (S, K') profile that the testing profiles are held against, see :func:`profiles`.
    """
    test = views.line["test"]
    own, shared = test[:, AROUND], np.broadcast_to(reference, test[:, AROUND].shape)
    aspects = np.array([[mirror.valley_aspect(m, *GRID) for m in pair] for pair in views.plane["train"]])
    found = {
        "test drop": [mirror.test_drop(row[0], row[-1]) for row in test[:, BETWEEN]],
        "falling share": [mirror.decreasing_fraction(row) for row in test[:, BETWEEN]],
        "t*": np.clip([mirror.lowest_point(LINE, row) for row in test], LINE[0], LINE[-1]),
        "nearer by": [
            mirror.straight_rms(LINE[AROUND], a) - mirror.profile_rms(a, b) for a, b in zip(own, shared, strict=True)
        ],
        "aspect, O from L": aspects[:, 0],
        "aspect, O from E": aspects[:, 1],
    }
    return {name: np.asarray(values, dtype=np.float64) for name, values in found.items()}


def profiles(views: Views) -> np.ndarray:
    """Return the testing profiles (S, K') for t in [-0.25, 1.25], each with mean 0 and standard deviation 1."""
    test = views.line["test"][:, AROUND]
    return np.asarray((test - test.mean(axis=1, keepdims=True)) / test.std(axis=1, keepdims=True))


def table(result: Mirror) -> dict[str, dict[str, Values]]:
    """Return subject -> kind -> statistics. A problem of the model is held against the profile of the others."""
    model = profiles(result.views[MODEL]["main"])
    others = (model.sum(axis=0) - model) / (len(model) - 1)
    return {
        subject: {
            kind: statistics(views, others if (subject, kind) == (MODEL, "main") else model.mean(axis=0))
            for kind, views in kinds.items()
        }
        for subject, kinds in result.views.items()
    }


def plane_correlations(result: Mirror) -> dict[str, dict[str, Values]]:
    """Return subject -> kind -> {"train", "test"} -> (S,): Spearman's correlation of a whole plane with the model's.

    The model's plane is the mean, over its problems, of the ranks of the losses on the window (O from L); a problem of
    the model is held against the others. Shown to be distrusted: it is no part of the claim.
    """
    ranks = {name: _ranks(result.views[MODEL]["main"], name) for name in ("train", "test")}
    found: dict[str, dict[str, Values]] = {}
    for subject, kinds in result.views.items():
        found[subject] = {}
        for kind, views in kinds.items():
            found[subject][kind] = {
                name: _correlations(_ranks(views, name), own, leave_out=(subject, kind) == (MODEL, "main"))
                for name, own in ranks.items()
            }
    return found


def _ranks(views: Views, name: str) -> np.ndarray:
    flat = views.plane[name][:, 0].reshape(len(views.length), -1)
    return np.asarray(stats.rankdata(flat, axis=1))


def _correlations(ranks: np.ndarray, model: np.ndarray, *, leave_out: bool) -> np.ndarray:
    found = []
    for s, row in enumerate(ranks):
        others = np.delete(model, s, axis=0) if leave_out else model
        found.append(stats.spearmanr(row, others.mean(axis=0)).statistic)
    return np.array(found)
