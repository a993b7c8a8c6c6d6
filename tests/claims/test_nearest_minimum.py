"""N4 is judged on made-up solutions with known distances and gains, in both directions."""

from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.claims import nearest_minimum as minimum
from lrdecay_core.experiments.landscapes.solutions import Solutions
from lrdecay_core.training import Branches, TrainConfig

CONFIG = TrainConfig(
    network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01, batch_size=10,
    num_train=10, epochs=100,
)  # fmt: skip
JITTER = np.linspace(-0.01, 0.01, 5)


@pytest.fixture(autouse=True)
def book_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


def made_up(distances, gains, *, decays=(1, 10, 50), rate=0.1, reason="loss"):
    shape = (len(decays), 5)
    loss = (np.array(gains)[:, None] + JITTER + 0.1)[:, :, None]
    runs = Branches(
        config=replace(CONFIG, learning_rate=rate), decay_epochs=decays, seeds=tuple(range(5)), steps=np.array([0]),
        train_loss=loss, train_error=loss, test_loss=loss, test_error=loss, weight_norm=loss,
        weights=np.zeros((*shape, 2)), trunk_epochs=(), trunk=np.zeros((0, 5, 2)),
        diverged_step=np.full(shape, -1), seconds=1.0,
    )  # fmt: skip
    optimal = np.zeros((*shape, 2))
    optimal[..., 1] = np.array(distances)[:, None] + JITTER
    return Solutions(
        runs=runs,
        optimal=optimal,
        optimal_test=np.full(shape, 0.1),
        optimal_train=np.full(shape, 0.2),
        reason=np.full(shape, reason, dtype="<U8"),
    )


NEARER = made_up((3, 2, 1), (0.3, 0.2, 0.1))
FARTHER = made_up((1, 2, 3), (0.3, 0.2, 0.1))
HIGHER = made_up((3, 2, 1), (0.1, 0.2, 0.3))
FLAT = made_up((2, 2, 2), (0.2, 0.2, 0.2))


@pytest.mark.parametrize(
    ("cells", "verdict"),
    [
        ((NEARER, NEARER), "reproduced"),
        ((NEARER, FARTHER), "partly"),
        ((NEARER, HIGHER), "partly"),
        ((FARTHER, HIGHER), "not reproduced"),
        ((FLAT, FLAT), "not reproduced"),
    ],
)
def test_distance_and_gain_must_both_fall(cells, verdict):
    evidence, control = minimum.nearer(dict(zip("ab", cells, strict=True)), {"small": FLAT})
    assert evidence.verdict == verdict
    assert control.failed
    assert (evidence.margin > 0) == (verdict == "reproduced")


@pytest.mark.parametrize(("small", "failed"), [(NEARER, False), (FARTHER, True), (HIGHER, True), (FLAT, True)])
def test_the_control_must_not_show_the_same_fall(small, failed):
    _, control = minimum.nearer({"a": NEARER}, {"small": small})
    assert control.failed is failed


def test_a_control_that_was_not_measured_has_not_failed():
    nothing = replace(NEARER, optimal=np.full_like(NEARER.optimal, np.nan))
    _, control = minimum.nearer({"a": NEARER}, {"small": nothing})
    assert not control.failed


def test_falls_are_compared_over_the_same_travel():
    slow = made_up((3, 2.5, 2.2), (0.3, 0.3, 0.3), decays=(10, 50, 99), rate=0.01)  # travels 0.99: up to epoch 9.9
    large, small = minimum.share_of_fall(NEARER, slow)
    assert large.estimate == pytest.approx(0)  # of the main decays only epoch 1 travels no further
    assert small.estimate == pytest.approx(0.8)
    large, _ = minimum.share_of_fall(NEARER, made_up((3, 2, 1), (1, 1, 1), decays=(10, 50, 99), rate=0.02))
    assert large.estimate == pytest.approx(1)


def test_the_table_counts_what_ended_by_rule():
    text = minimum.describe_descents({"a": NEARER, "b": made_up((1, 1, 1), (1, 1, 1), reason="steps")})
    assert "| a | 1 / 10 / 50 | 3.00 / 2.00 / 1.00 | 0.300 / 0.200 / 0.100 | 15 of 15 |" in text
    assert "| 0 of 15 |" in text
