"""N3 is judged on walks made up by hand: every part must carry its own weight, and so must the control."""

from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.claims import valley_walk
from lrdecay_core.experiments.landscapes.valley_walk import Walk


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
    evidence, control = valley_walk.one_valley({"one": GOOD, "two": replace(GOOD, **changes)})
    assert evidence.verdict == ("partly" if fails else "reproduced")
    assert control.failed
    failing = [row.name for row in evidence.rows if row.finding.startswith("fails")]
    assert len(failing) == bool(fails)
    assert all(fails in name and name.startswith("two") for name in failing)


def test_nothing_holds():
    bad = replace(GOOD, **UPHILL, **BARRED, **BOUNCING)
    evidence, _ = valley_walk.one_valley({"one": bad, "two": bad})
    assert evidence.verdict == "not reproduced"
    assert evidence.margin < 0


def test_a_part_holds_only_with_its_whole_interval():
    scattered = replace(GOOD, between=6.3 + 2 * SEEDS)  # mean ratio 3.15, interval down to 2.4
    evidence, _ = valley_walk.one_valley({"one": scattered})
    assert valley_walk.along(scattered).estimate > valley_walk.RATIO
    assert evidence.rows[2].finding.startswith("fails")


@pytest.mark.parametrize("name", ["siblings", "unrelated"])
def test_the_control_needs_a_higher_barrier_for_both_kinds(name):
    _, control = valley_walk.one_valley({"one": GOOD, "two": replace(GOOD, **{name: 0.02 + 0.01 * SEEDS})})
    assert not control.failed
    assert control.headline.low <= 0
    assert sum("not clearly" in row.finding for row in control.rows) == 1


def test_the_worst_arm_and_the_worst_line_count():
    zigzag = replace(GOOD, train_loss=np.array([0.2, 0.3, 0.1])[:, None] + 0 * SEEDS)
    assert valley_walk.excess(zigzag).estimate == pytest.approx(0.1)
    assert valley_walk.barrier(GOOD).estimate == pytest.approx(0.02)
    assert valley_walk.along(GOOD).estimate == pytest.approx(4.0)


def test_the_table_holds_the_rises_themselves():
    assert "| one | 0.001 | 0.5 | 0.5 | 8 | 2 |" in valley_walk.describe({"one": GOOD})
