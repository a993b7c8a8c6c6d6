from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.claims import Interval, Row, exploratory
from lrdecay_core.experiments.networks.arms import Arms
from lrdecay_core.experiments.networks.schedules import RULER, Shapes
from lrdecay_core.training import TrainConfig


@pytest.fixture(autouse=True)
def book_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


def shapes(offset, rates=None):
    """Step decays on a straight line in their sum of squares, one other shape ``offset`` away from it."""
    squares = np.append(np.linspace(1, 11, len(RULER)), 6.0)
    jitter = 0.001 * np.array([-1, 1, -1, 1])
    error = (1 - 0.05 * squares)[:, None] + jitter
    error[-1] += offset + jitter[::-1]
    names = (*map(str, RULER), "other")
    return Shapes(names=names, test_error=error, rates=np.sqrt(squares)[:, None] if rates is None else rates, seconds=1)


def two_steps():
    """Two steps at a rate give the line's squares; the other shape gets the same squares from one larger step."""
    squares = np.append(np.linspace(1, 11, len(RULER)), 6.0)
    rates = np.stack([np.sqrt(squares / 2)] * 2, axis=1)
    rates[-1] = [np.sqrt(squares[-1]), 0.0]
    return shapes(0.0, rates)


@pytest.mark.parametrize(
    ("offset", "finding"), [(0.0, "on the line"), (0.1, "above the line"), (-0.1, "below the line")]
)
def test_shapes_are_held_against_the_line_of_the_steps(offset, finding):
    (row,) = exploratory.shape_rows(shapes(offset))
    assert (row.name, row.finding) == ("other", finding)
    assert row.interval.estimate == pytest.approx(offset, abs=1e-12)


def test_a_shape_on_the_line_of_one_scale_is_off_that_of_another():
    found = two_steps()
    (row,), (control,) = exploratory.shape_rows(found), exploratory.shape_rows(found, exploratory.SUM)
    assert (row.finding, control.finding) == ("on the line", "below the line")


def test_scales_read_the_rates():
    rates = np.array([[0.4, 0.2, 0.1], [0.1, 0.1, 0.19]])
    found = {name: scale(rates).tolist() for name, scale in exploratory.SCALES.items()}
    assert found[exploratory.SQUARES] == pytest.approx([0.21, 0.0561])
    assert found[exploratory.SUM] == pytest.approx([0.7, 0.39])
    assert found[exploratory.TIME] == [2, 0]  # half of the largest rate of all counts as large


def off_by(monkeypatch, **distances):
    """Two shapes, each as far off the ruler as said, in every seed but for a wobble, by scale."""
    wobble = 0.001 * np.array([[-1, 1, 0], [1, -1, 0]])
    made = {name: np.array([[value], [-value]]) + wobble for name, value in distances.items()}
    monkeypatch.setattr(exploratory, "SCALES", dict.fromkeys(made))
    monkeypatch.setattr(exploratory, "off_ruler", lambda _, scale: made[scale])
    error = np.ones((len(RULER) + 2, 3))
    return Shapes(names=(*map(str, RULER), "a", "b"), test_error=error, rates=error, seconds=1)


@pytest.mark.parametrize(
    ("distances", "words"),
    [
        ({"A": 0.1, "B": 0.02}, "B puts these shapes closest to the ruler, beyond the spread of seeds."),
        ({"A": 0.02, "B": 0.1}, "A puts these shapes closest to the ruler, beyond the spread of seeds."),
        ({"A": 0.02, "B": 0.02, "C": 0.1}, "but these seeds cannot tell it from the B."),
        ({"A": 0.02, "B": 0.02, "C": 0.02}, "but these seeds cannot tell it from the B and the C."),
    ],
)
def test_the_verdict_names_the_scale_that_is_closest_and_its_rivals(monkeypatch, distances, words):
    text = exploratory.describe_shapes(off_by(monkeypatch, **distances))
    assert words in text
    assert text.count("| closest |") == 1


def test_far_on_one_side_and_on_the_other_does_not_cancel(monkeypatch):
    text = exploratory.describe_shapes(off_by(monkeypatch, A=0.3, B=0.4))
    assert "| A | +0.3000 [" in text  # the wobble is far smaller
    assert "| +0.1000 [" in text
    assert text.count("| a, b |") == 2


def test_a_shape_has_its_own_share_and_that_of_a_step_with_as_much_of_a_scale():
    # the line falls by 0.5; the other shape's sum of squares stands half way, and it ends 0.1 above
    found = shapes(0.1)
    (own,), (step,) = exploratory.shares(found), exploratory.shares(found, exploratory.SQUARES)
    assert own.interval.estimate == pytest.approx(0.3)
    assert step.interval.estimate == pytest.approx(0.5)
    text = exploratory.describe_shares(found)
    assert "| other | 30% [" in text
    with pytest.raises(ValueError, match="`found` must hold step decays of which the last gains"):
        exploratory.shares(replace(found, test_error=-found.test_error))
    assert "there is nothing to share" in exploratory.describe_shares(replace(found, test_error=-found.test_error))


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
    assert text.count("not told apart from it") == 2
    assert "n = 3**, worse than it; Nesterov" in text
