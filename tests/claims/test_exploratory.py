from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.claims import Interval, Row, exploratory
from lrdecay_core.experiments.networks.boundaries import Arms
from lrdecay_core.experiments.networks.schedules import RULER, Shapes
from lrdecay_core.training import TrainConfig


@pytest.fixture(autouse=True)
def book_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


def shapes(offset):
    """Step decays on a straight line in their sum, one other shape ``offset`` away from it."""
    squares = np.append(np.linspace(1, 11, len(RULER)), 6.0)
    jitter = 0.001 * np.array([-1, 1, -1, 1])
    error = (1 - 0.05 * squares)[:, None] + jitter
    error[-1] += offset + jitter[::-1]
    names = (*map(str, RULER), "other")
    return Shapes(names=names, squares=squares, test_error=error, rates=np.sqrt(squares)[:, None], seconds=1.0)


@pytest.mark.parametrize(
    ("offset", "finding"), [(0.0, "on the line"), (0.1, "above the line"), (-0.1, "below the line")]
)
def test_shapes_are_held_against_the_line_of_the_steps(offset, finding):
    (row,) = exploratory.shape_rows(shapes(offset))
    assert (row.name, row.finding) == ("other", finding)
    assert row.interval.estimate == pytest.approx(offset, abs=1e-12)
    text = exploratory.describe_shapes([row], [row])
    assert ("At equal sums of squared rates, 1 of 1" in text) is (finding == "on the line")


def test_the_control_holds_shapes_at_equal_sums_of_the_rates():
    found = shapes(0.0)
    # two steps at a rate give the line's squares; the other shape gets the same squares from one larger step
    rates = np.stack([np.sqrt(found.squares / 2)] * 2, axis=1)
    rates[-1] = [np.sqrt(found.squares[-1]), 0.0]
    found = replace(found, rates=rates)
    (row,), (control,) = exploratory.shape_rows(found), exploratory.shape_rows(found, power=1)
    assert (row.finding, control.finding) == ("on the line", "below the line")
    text = exploratory.describe_shapes([row], [control])
    assert (
        "Control, at equal sums of the rates: 0 of 1 shapes lie on the line of the step decays; off it: other." in text
    )


def arms(rate, size, powers, seeds=3):
    """Test error is an exact falling function of one clock."""
    config = TrainConfig(
        network="mlp", dataset="digits", loss="squared", learning_rate=rate, decayed_rate=0.01, batch_size=size,
        num_train=100, epochs=100,
    )  # fmt: skip
    decays = (1, 3, 10, 30, 80)
    blank = {"train_loss": None, "train_error": None, "travel": None, "test_error": np.zeros((5, seeds, 2))}
    made = Arms(config=config, decay_epochs=decays, epochs=np.arange(2), seconds=0.0, **blank)
    made.test_error[:] = (1 / (1 + exploratory.reading(made, powers)))[:, None, None]
    return made


@pytest.mark.parametrize("clock", exploratory.CLOCKS)
def test_the_clock_that_rules_the_runs_has_no_misfit(clock):
    powers = exploratory.CLOCKS[clock]
    runs = {f"{rate} {size}": arms(rate, size, powers) for rate in (0.01, 0.1, 0.4) for size in (2, 5, 20)}
    assert exploratory.misfit(runs, powers) == pytest.approx(np.zeros(3), abs=1e-9)
    best = [row.name for row in exploratory.clock_rows(runs) if row.finding]
    assert best == [clock]
    text = exploratory.describe_clocks(runs)
    assert ("orders these runs best." in text) is (clock == "η²T / B")
    assert clock == "η²T / B" or clock in text
    assert ("these runs show no clock" in text) is (clock == "steps")
    assert ("Control, the bare number of steps: its misfit is larger by +" in text) is (clock != "steps")


def test_a_clock_reads_rate_steps_and_batch():
    # 100 samples in batches of 20: 5 steps an epoch
    assert exploratory.reading(arms(0.1, 20, (0, 0)), (2, 1)) == pytest.approx(
        0.01 * 5 * np.array([1, 3, 10, 30, 80]) / 20
    )


def test_gains_are_grouped_by_what_they_show():
    none = Interval(0.0, -1.0, 1.0, 3)
    rows = [Row(name=n, interval=none, finding=f) for n, f in (("a", "late is worse"), ("b", "late is better"))]
    text = exploratory.describe_gains([*rows, Row(name="SGD", interval=none, finding="late is better")])
    assert text.endswith("** Late is better with *b*, *SGD*; late is worse with *a*.")


def test_the_match_compares_late_decays_with_those_of_sgd():
    runs = {name: arms(0.1, 5, (0, 0)) for name in ("SGD", "momentum 0.9", "Nesterov 0.9", "SGD, tenth of the rate")}
    runs["momentum 0.9"].test_error[-1] += 0.25
    runs["Nesterov 0.9"].test_error[0] += 0.25  # the early decay: no part of it
    text = exploratory.describe_match(runs)
    assert "momentum 0.9 **+0.2500" in text
    assert "Nesterov 0.9 **+0.0000" in text
