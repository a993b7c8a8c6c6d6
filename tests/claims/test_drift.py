"""The explanation of the silent drift is judged on made-up runs: each prediction must be able to fail."""

import numpy as np
import pytest

from lrdecay_core.claims import drift
from lrdecay_core.experiments.networks.arms import Arms
from lrdecay_core.experiments.networks.boundaries import CROSS_ENTROPY, SQUARED, SQUARED_FRESH

JITTER = np.array([-1, 1, -1, 1, -1, 1])


@pytest.fixture(autouse=True)
def book_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


def made_up(way, change, *, at_end=0.0, noise=0.0005, missed=0.0):
    """Decays at 1 and 4 of 5 epochs, six seeds: test errors differ by ``change`` at equal tails, ``at_end`` at 5."""
    error = np.full((2, 6, 6), 0.3)
    error[0, :, 2], error[0, :, 5] = 0.3 + change + noise * JITTER, 0.3 + at_end
    loss = np.broadcast_to(10.0 ** -np.arange(6), (2, 6, 6))
    return Arms(
        config=None, decay_epochs=(1, 4), epochs=np.arange(6), train_loss=loss, test_error=error, seconds=1.0,
        train_error=np.full((2, 6, 6), missed), travel=np.stack([np.zeros(6), way + 0.001 * JITTER]),
    )  # fmt: skip


def runs(loud=(0.03, -0.01), rest=(0.01, 0.0), fresh=(0.6, 0.0), **of_rest):
    return {CROSS_ENTROPY: made_up(*loud), SQUARED: made_up(*rest, **of_rest), SQUARED_FRESH: made_up(*fresh)}


def test_drift_is_read_at_equal_tails_or_at_the_end():
    arms = made_up(0.0, 0.02, at_end=0.05, noise=0.0)
    assert drift.drift(arms) == pytest.approx(np.full(6, 0.02))
    assert drift.drift(arms, level=False) == pytest.approx(np.full(6, 0.05))


@pytest.mark.parametrize(
    ("changed", "findings"),
    [
        ({}, ["held", "held", "held"]),
        ({"rest": (0.05, 0.0)}, ["FAILED", "held", "held"]),
        ({"rest": (0.03, 0.0)}, ["undecided", "held", "held"]),
        ({"rest": (0.01, 0.02)}, ["held", "FAILED", "held"]),
        ({"rest": (0.01, 0.0), "noise": 0.008}, ["held", "undecided", "held"]),
        ({"loud": (0.03, -0.001), "rest": (0.01, -0.003)}, ["held", "held", "FAILED"]),
        ({"loud": (0.03, 0.0)}, ["held", "held", "undecided"]),
    ],
)
def test_each_prediction_can_hold_fail_and_stay_open(changed, findings):
    assert [row.finding for row in drift.predictions(runs(**changed))] == findings


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "The explanation is confirmed here: every prediction held. "),
        ({"rest": (0.05, 0.0)}, "The explanation is refuted here: a prediction failed. "),
        ({"loud": (0.03, 0.0)}, "neither confirmed nor refuted: 2 of 3 predictions held, the rest is undecided. "),
        ({"loud": (0.03, 0.0)}, "With cross-entropy itself the test error shows no clear drift on these samples. "),
        ({}, "With cross-entropy itself the test error rises on these samples. "),
        ({"missed": 0.01}, "No answer: with squared loss the trunk does not fit every sample at T. "),
        ({"fresh": (0.01, 0.0)}, "No answer: the control does not move. "),
    ],
)
def test_the_verdict_follows_the_predictions_and_the_control(changed, words):
    assert words in drift.describe_drift(runs(**changed))


def test_every_condition_has_a_row_with_its_losses_at_t_and_4t():
    text = drift.describe_drift({"known": made_up(0.2, 0.0), **runs()})
    assert [line.split("|")[1].strip() for line in text.splitlines()[4:]] == ["known", *runs()]
    assert "| known | 1.0e−01 | 1.0e−04 | +0.2000 [" in text
