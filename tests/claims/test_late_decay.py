"""N1 and N2 are judged on runs with known curves: the verdict must follow the numbers, in both directions."""

from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.claims import late_decay
from lrdecay_core.experiments.networks.late_decay import MAIN, Cell
from lrdecay_core.training import Branches, TrainConfig

DECAYS = (1, 20, 30, 40, 50)
CONFIG = TrainConfig(
    network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01, batch_size=10,
    num_train=10, epochs=100,
)  # fmt: skip
CELL = Cell(config=CONFIG, decay_epochs=DECAYS, early=1, late=50, matched_late=50, levels=(0.2, 0.15), seeds=(0, 1, 2))


@pytest.fixture(autouse=True)
def book_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


def made_up(gain: float, noise: float = 0.01) -> Branches:
    """Final error falls by ``gain`` from the first arm to the last; tails fall from loss 0.5 below every level."""
    steps = np.arange(0, 101, 2)
    shape = (5, 3, len(steps))
    share = np.linspace(0, 1, 5)[:, None, None]
    jitter = noise * np.random.default_rng(3).normal(size=(5, 3, 1))
    error = np.broadcast_to(0.5 - gain * share + jitter, shape)
    since = np.maximum(steps - np.array(DECAYS)[:, None, None], 0)
    loss = np.broadcast_to(0.5 * np.exp(-0.1 * since), shape)
    return Branches(
        config=CONFIG, decay_epochs=DECAYS, seeds=(0, 1, 2), steps=steps, train_loss=loss, train_error=error,
        test_loss=error, test_error=error, weight_norm=error, weights=np.zeros((5, 3, 1)), trunk_epochs=(),
        trunk=np.zeros((0, 3, 1)),
        diverged_step=np.full((5, 3), -1), seconds=1.0,
    )  # fmt: skip


def judge(kind, gains, control_gain=0.0):
    names = (MAIN, "MNIST-1D MLP", "digits MLP", "digits CNN")
    cells = dict.fromkeys(names, CELL)
    runs = dict(zip(names, map(made_up, gains), strict=True))
    return kind(cells, runs, {"small rate": CELL}, {"small rate": made_up(control_gain)})


@pytest.mark.parametrize("kind", [late_decay.equal_epochs, late_decay.matched_loss])
@pytest.mark.parametrize(
    ("gains", "verdict"),
    [
        ((0.3,) * 4, "reproduced"),
        ((0.3, 0.3, 0.0, -0.3), "partly"),
        ((0.0,) * 4, "not reproduced"),
        ((-0.3,) * 4, "not reproduced"),
    ],
)
def test_verdict_follows_the_gains(kind, gains, verdict):
    evidence, control = judge(kind, gains)
    assert evidence.verdict == verdict
    assert control.failed == (gains[0] > 0.1)


def test_findings_name_where_it_hurts():
    evidence, _ = judge(late_decay.equal_epochs, (0.3, 0.3, 0.0, -0.3))
    assert [row.finding for row in evidence.rows[:4]] == [
        "late is better", "late is better", "no clear difference", "late is worse",
    ]  # fmt: skip


@pytest.mark.parametrize(("share", "failed"), [(0.2, True), (0.5, False)])
def test_the_control_may_show_a_third_of_the_effect(share, failed):
    _, control = judge(late_decay.matched_loss, (0.6,) * 4, control_gain=0.6 * share)
    assert control.failed is failed
    assert control.rows[0].name == "small rate, training loss 0.2, decay 1 against 50"


def test_a_control_without_data_has_not_failed():
    cells, runs = {MAIN: CELL}, {MAIN: made_up(0.3)}
    hopeless = replace(CELL, levels=(1e-9,))
    control = late_decay.small_rate_control(cells, runs, {"small rate": hopeless}, {"small rate": runs[MAIN]})
    assert not control.failed


def test_trend_counts_only_decays_after_phase_one():
    runs = made_up(0.3)
    trunk = np.where(runs.epochs < 25, 10.0, 0.5)
    loss = runs.train_loss.copy()
    loss[-1] = trunk
    trend, decays = late_decay.late_trend(replace(runs, train_loss=loss))
    assert decays == (30, 40, 50)
    assert trend.n == 3


def test_the_sentence_holds_the_numbers():
    said = late_decay.describe_match(CELL, made_up(0.3, noise=0.0), 0.2)
    # 0.5 exp(-0.1 t) = 0.2 at t = 9.16: ten epochs after epoch 1, and after epoch 50
    assert said.startswith("At training loss 0.2, over 3 seeds: the decay at epoch 1 gets there at epoch 10 ")
    assert "**0.500**" in said
    assert said.endswith("at epoch 59 with **0.200**.")
    assert "No seed" in late_decay.describe_match(CELL, made_up(0.3), 1e-9)


def test_lost_pairs_are_counted():
    runs = made_up(0.3)
    loss = runs.train_loss.copy()
    loss[4, 0] = 0.01  # below the level before its decay
    loss[0, 1] = 0.5  # never reaches it
    gain, lost = late_decay.gain_at_matched_loss(CELL, replace(runs, train_loss=loss), 0.2)
    assert gain.n == 1
    assert lost == "1 pair already below, 1 pair never reached"
