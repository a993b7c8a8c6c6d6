"""B1 and B2 are judged on made-up errors: the verdict must follow the numbers, in both directions."""

from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.claims import Interval, boundaries
from lrdecay_core.experiments.model.label_noise_off import SilentModel
from lrdecay_core.experiments.networks.arms import Arms
from lrdecay_core.experiments.networks.boundaries import FRESH, SILENT


@pytest.fixture(autouse=True)
def book_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


def made_up(gain, *, noise=0.001, missed=0.0):
    """Early error above late error by ``gain``, over six seeds; the trunk misses ``missed`` of the training samples."""
    error = 0.3 + np.zeros((2, 6, 3))
    error[0] += gain + noise * np.array([-1, 1, -1, 1, -1, 1])[:, None]
    return Arms(
        config=None, decay_epochs=(1, 2), epochs=np.arange(3), train_loss=error, test_error=error, seconds=1.0,
        train_error=np.full((2, 6, 3), missed), travel=None,
    )  # fmt: skip


def model(silent):
    fallen = np.zeros((2, 4, 2))
    fallen[0, :, 1], fallen[1, :, 1] = 3.0, silent
    return SilentModel(steps=(1, 4), fallen=fallen, test_loss=np.ones((2, 4, 2)), bound=np.ones(4))


@pytest.mark.parametrize(
    ("twenty", "clean", "verdict", "failed"),
    [
        (-0.1, 0.0, "reproduced", True),
        (-0.1, 0.1, "reproduced", True),
        (0.0, 0.0, "not reproduced", True),
        (0.1, 0.0, "not reproduced", True),
        (-0.1, -0.1, "reproduced", False),
    ],
)
def test_b1_follows_the_loss_at_twenty_percent(twenty, clean, verdict, failed):
    runs = {"0%": made_up(clean), "10%": made_up(0.2), "20%": made_up(twenty), "40%": made_up(0.2)}
    evidence, control = boundaries.corruption(runs)
    assert (evidence.verdict, control.failed) == (verdict, failed)
    assert evidence.headline.estimate == pytest.approx(twenty)
    assert [row.name for row in evidence.rows] == ["10% corrupted", "20% corrupted", "40% corrupted"]


@pytest.mark.parametrize(
    ("change", "noise", "missed", "silent", "verdict"),
    [
        (0.001, 0.001, 0.0, 0.1, "reproduced"),
        (-0.001, 0.001, 0.0, 0.1, "reproduced"),
        (0.006, 0.001, 0.0, 0.1, "not reproduced"),
        (-0.006, 0.001, 0.0, 0.1, "not reproduced"),
        (0.0, 0.02, 0.0, 0.1, "not reproduced"),  # undecided is not equivalent
        (0.0, 0.001, 0.01, 0.1, "partly"),  # the trunk does not interpolate yet
        (0.001, 0.001, 0.0, 1.1, "partly"),
        (0.001, 0.001, 0.01, 1.1, "partly"),
        (0.006, 0.001, 0.0, 1.1, "not reproduced"),
    ],
)
def test_b2_needs_both_sides_of_the_margin_a_fitted_trunk_and_the_bound(change, noise, missed, silent, verdict):
    runs = {SILENT: made_up(change, noise=noise, missed=missed), FRESH: made_up(0.1)}
    assert boundaries.persistence(runs, model(silent))[0].verdict == verdict


@pytest.mark.parametrize(
    ("fresh", "noise", "failed"), [(0.1, 0.001, True), (-0.1, 0.001, True), (0.0, 0.001, False), (0.01, 0.1, False)]
)
def test_b2s_control_must_leave_the_margin_with_its_whole_interval(fresh, noise, failed):
    runs = {SILENT: made_up(0.0), FRESH: made_up(fresh, noise=noise)}
    assert boundaries.persistence(runs, model(0.1))[1].failed is failed


def test_two_one_sided_tests_are_an_interval_at_ninety_percent():
    runs = {SILENT: made_up(0.001), FRESH: made_up(0.1)}
    evidence, _ = boundaries.persistence(runs, model(0.1))
    assert evidence.headline == boundaries.gain(runs[SILENT], confidence=0.9)
    assert evidence.margin == pytest.approx(0.005 - evidence.headline.high)


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(-0.004, 0.004, "in"), (0.006, 0.1, "out"), (-0.1, -0.006, "out"), (0.004, 0.1, "open"), (-0.1, 0.1, "open")],
)
def test_the_margin_has_three_words(low, high, word):
    assert boundaries.word_of_margin(Interval((low + high) / 2, low, high, 5), "in", "out", "open") == word


def test_rows_name_the_side_or_none():
    rows = boundaries.gains({"a": made_up(0.1), "b": made_up(-0.1), "c": made_up(0.0)})
    assert [row.finding for row in rows] == ["late is better", "late is worse", "no clear difference"]
    one = made_up(0.1)
    alone = replace(one, test_error=one.test_error[:, :1])
    assert boundaries.gains({"a": alone})[0].finding == "one pair only"
