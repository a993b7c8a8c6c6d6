"""N3 and N4 on made-up walks and solutions, in both directions."""

from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.claims import landscapes
from lrdecay_core.experiments.landscapes.solutions import Solutions
from lrdecay_core.experiments.landscapes.valley_walk import Walk
from lrdecay_core.training import Branches, TrainConfig


@pytest.fixture(autouse=True)
def book_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


SEEDS = np.linspace(-1, 1, 6)
GOOD = Walk(
    decay_epochs=(10, 20, 40),
    train_loss=np.array([0.3, 0.2, 0.1])[:, None] + 0.001 * SEEDS,
    pairs=((10, 20), (20, 40), (10, 40)),
    barrier=np.array([0.0, 0.01, 0.02])[:, None] + 0.001 * SEEDS,
    rise=np.full((3, 6), 0.001),
    between=8 + 0.1 * SEEDS,
    excursion=np.array([2.0, 1.5, 1.0])[:, None] + 0 * SEEDS,
    siblings=0.10 + 0.01 * SEEDS,
    unrelated=0.20 + 0.01 * SEEDS,
    kin_rise=np.full((2, 6), 0.5),
)
UPHILL = {"train_loss": GOOD.train_loss[::-1]}
BARRED = {"barrier": GOOD.barrier + np.array([[0.0], [0.0], [0.05]])}
BOUNCING = {"excursion": 2 * GOOD.excursion}


@pytest.mark.parametrize(
    ("changes", "fails"), [({}, ""), (UPHILL, "(a)"), (BARRED, "(b)"), (BOUNCING, "(c)")], ids=["good", "a", "b", "c"]
)
def test_each_part_is_judged_by_itself(changes, fails):
    evidence, control = landscapes.one_valley({"one": GOOD, "two": replace(GOOD, **changes)})
    assert evidence.verdict == ("partly" if fails else "reproduced")
    assert control.failed
    failing = [row.name for row in evidence.rows if row.finding.startswith("fails")]
    assert len(failing) == bool(fails)
    assert all(fails in name and name.startswith("two") for name in failing)


def test_nothing_holds():
    bad = replace(GOOD, **UPHILL, **BARRED, **BOUNCING)
    evidence, _ = landscapes.one_valley({"one": bad, "two": bad})
    assert evidence.verdict == "not reproduced"
    assert evidence.margin < 0


def test_a_part_holds_only_with_its_whole_interval():
    scattered = replace(GOOD, between=6.3 + 2 * SEEDS)  # mean ratio 3.15, interval down to 2.4
    evidence, _ = landscapes.one_valley({"one": scattered})
    assert landscapes.along(scattered).estimate > landscapes.RATIO
    assert evidence.rows[2].finding.startswith("fails")


@pytest.mark.parametrize("name", ["siblings", "unrelated"])
def test_the_control_needs_a_higher_barrier_for_both_kinds(name):
    _, control = landscapes.one_valley({"one": GOOD, "two": replace(GOOD, **{name: 0.02 + 0.01 * SEEDS})})
    assert not control.failed
    assert control.headline.low <= 0
    assert sum("not clearly" in row.finding for row in control.rows) == 1


def test_the_worst_arm_and_the_worst_line_count():
    zigzag = replace(GOOD, train_loss=np.array([0.2, 0.3, 0.1])[:, None] + 0 * SEEDS)
    assert landscapes.excess(zigzag).estimate == pytest.approx(0.1)
    assert landscapes.barrier(GOOD).estimate == pytest.approx(0.02)
    assert landscapes.along(GOOD).estimate == pytest.approx(4.0)


def test_the_table_holds_the_rises_themselves():
    assert "| one | 0.001 | 0.5 | 0.5 | 8 | 2 |" in landscapes.describe({"one": GOOD})


CONFIG = TrainConfig(
    network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01, batch_size=10,
    num_train=10, epochs=100,
)  # fmt: skip
JITTER = np.linspace(-0.01, 0.01, 5)


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
    evidence, control = landscapes.nearer(dict(zip("ab", cells, strict=True)), {"small": FLAT})
    assert evidence.verdict == verdict
    assert control.failed
    assert (evidence.margin > 0) == (verdict == "reproduced")


@pytest.mark.parametrize(("small", "failed"), [(NEARER, False), (FARTHER, True), (HIGHER, True), (FLAT, True)])
def test_the_control_must_not_show_the_same_fall(small, failed):
    _, control = landscapes.nearer({"a": NEARER}, {"small": small})
    assert control.failed is failed


def test_a_control_that_was_not_measured_has_not_failed():
    nothing = replace(NEARER, optimal=np.full_like(NEARER.optimal, np.nan))
    _, control = landscapes.nearer({"a": NEARER}, {"small": nothing})
    assert not control.failed


def test_falls_are_compared_over_the_same_travel():
    slow = made_up((3, 2.5, 2.2), (0.3, 0.3, 0.3), decays=(10, 50, 99), rate=0.01)  # travels 0.99: up to epoch 9.9
    large, small = landscapes.share_of_fall(NEARER, slow)
    assert large.estimate == pytest.approx(0)  # of the main decays only epoch 1 travels no further
    assert small.estimate == pytest.approx(0.8)
    large, _ = landscapes.share_of_fall(NEARER, made_up((3, 2, 1), (1, 1, 1), decays=(10, 50, 99), rate=0.02))
    assert large.estimate == pytest.approx(1)


def test_the_table_counts_what_ended_by_rule():
    text = landscapes.describe_descents({"a": NEARER, "b": made_up((1, 1, 1), (1, 1, 1), reason="steps")})
    assert "| a | 1 / 10 / 50 | 3.00 / 2.00 / 1.00 | 0.300 / 0.200 / 0.100 | 15 of 15 |" in text
    assert "| 0 of 15 |" in text
