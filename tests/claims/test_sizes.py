"""The verdict on sizes follows made-up gains, in both directions."""

from types import SimpleNamespace

import numpy as np
import pytest

from lrdecay_core.claims import sizes as evidence
from lrdecay_core.experiments.networks.arms import Arms
from lrdecay_core.experiments.networks.sizes import LARGE, SMALL

AXES = {"width": (6, 12, 24)}
JITTER = 0.001 * np.array([-1, 1, -1, 1, 0])


@pytest.fixture(autouse=True)
def book_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


def arms(key, gain):
    error = np.stack([0.3 + gain + JITTER, np.full(5, 0.3)])[:, :, None]
    blank = {"decay_epochs": (1, 2), "epochs": np.arange(1), "travel": None, "seconds": 0.0}
    return Arms(config=SimpleNamespace(key=key), train_loss=error, train_error=error, test_error=error, **blank)


def runs(slope, control, *, start=0.1, wobble=0.0):
    """Gains are straight lines in log2(size)."""
    return {
        f"width {size}": {
            LARGE: arms(f"large {size}", start + slope * k + wobble * JITTER[::-1] * k),
            SMALL: arms(f"small {size}", 0.01 + control * k),
        }
        for k, size in enumerate(AXES["width"])
    }


@pytest.mark.parametrize(
    ("slope", "control", "words"),
    [
        (
            0.05,
            0.0,
            "the gain grows: **+0.0500 [+0.0500, +0.0500], n = 5** per doubling, more than the control's does.",
        ),
        (0.05, 0.05, "per doubling; the control's may change as much."),
        (0.05, -0.05, "more than the control's does."),
        (-0.04, 0.0, "the gain shrinks: **-0.0400"),
        (-0.04, -0.06, "the control's may change as much."),
    ],
)
def test_the_verdict_follows_the_slope_and_that_of_the_control(slope, control, words):
    assert words in evidence.describe(runs(slope, control), AXES)


def test_a_slope_within_its_spread_is_no_trend():
    text = evidence.describe(runs(0.0005, 0.0, wobble=3.0), AXES)
    assert "shows no clear trend" in text
    assert "control" not in text


def test_a_doubling_is_the_unit_and_uneven_sizes_count_by_their_logarithm():
    found = {**runs(0.05, 0.0)}
    found["width 96"] = {LARGE: arms("large 96", 0.1 + 4 * 0.05), SMALL: arms("small 96", 0.01)}
    np.testing.assert_allclose(evidence.slopes(found, "width", (6, 12, 24, 96)), 0.05)


def test_a_network_that_the_axes_share_counts_once():
    found = runs(0.0, 0.0)
    found["depth 3"] = dict(found["width 12"])  # as two axes hold it: equal, not the same
    found["depth 4"] = {LARGE: arms("deep", 0.1), SMALL: arms("deep small", 0.0)}
    found["corruption"] = {"0%": arms("other", 0.2)}  # another section of the chapter
    assert "better in 4 of 4 networks" in evidence.describe(found, {**AXES, "depth": (3, 4)})
    worse = runs(-0.1, 0.0)  # gains 0.1, 0, -0.1
    assert "better in 1 of 3 networks" in evidence.describe(worse, AXES)


def test_one_seed_has_no_verdict():
    found = {
        name: {c: Arms(**{**vars(a), "test_error": a.test_error[:, :1]}) for c, a in conditions.items()}
        for name, conditions in runs(0.05, 0.0).items()
    }
    assert "cannot be judged by one seed" in evidence.describe(found, AXES)
