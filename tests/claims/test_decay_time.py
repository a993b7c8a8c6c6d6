"""M3 is judged on made-up curves that obey a known law: the verdict must follow the law, in both directions."""

from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.claims import decay_time
from lrdecay_core.experiments.model.decay_time import Curves, Study
from lrdecay_core.experiments.model.setting import Arm

STUDY = Study(
    problems=(0, 1, 2),
    replicas=2,
    rates=tuple(Arm(learning_rate=rate) for rate in (0.04, 0.02, 0.01)),
    others=(
        Arm(learning_rate=0.02, batch_size=2),
        Arm(learning_rate=0.02, batch_size=8),
        Arm(learning_rate=0.02, label_noise=1.0),
        Arm(learning_rate=0.02, label_noise=4.0),
    ),
    silent=(Arm(learning_rate=0.04, label_noise=0.0), Arm(learning_rate=0.02, label_noise=0.0)),
    depths=tuple(np.geomspace(0.05, 5, 41)),
    target=0.1,
)


@pytest.fixture(autouse=True)
def book_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


def made_up(*, eta=2.0, batch=-1.0, sigma=2.0, silent_fall=0.0, study=STUDY) -> Curves:
    """Test loss exp(-eta^e B^b sigma^s T / c), the same law for all arms with label noise; tiny differences by problem.

    The constant c puts the base arm (0.02, 4, 2) at exp(-depth).
    """
    base = 0.02**eta * 4**batch * 2**sigma / 0.02**2
    loss = []
    for arm in study.arms:
        depths = np.array(study.depths)
        if arm.label_noise:
            rate = arm.learning_rate**eta * arm.batch_size**batch * arm.label_noise**sigma / base
            fall = rate * arm.steps(depths)
        else:
            wiggle = 1e-3 * np.cos(1e3 * arm.learning_rate + 7 * depths)
            fall = silent_fall * depths * arm.learning_rate / 0.02 + wiggle
        loss.append(np.exp(-fall))
    tilt = np.array([1.0, 1.01, 0.99])[:, None, None, None]
    shaped = np.stack(loss)[None, :, :, None] ** tilt * np.array([1.1, 1 / 1.1])
    noisy = np.array([arm.label_noise > 0 for arm in study.arms])
    predicted = np.where(noisy[None, :, None], 1000.0, np.nan) * np.ones((3, 1, 2))
    return Curves(study=study, test_loss=shaped, predicted=predicted, seconds=1.0)


def test_spread_vanishes_on_the_right_clock_alone():
    curves, rates = made_up(eta=1.5), np.array([0.04, 0.02, 0.01])
    loss, times = curves.mean[0][:3], np.array(STUDY.depths)
    assert decay_time.collapse_spread(loss, times, rates, 1.5) < 5e-3  # interpolation between 41 readings of an exp
    assert decay_time.collapse_spread(loss, times, rates, 2.0) > 0.1
    assert decay_time.best_exponent(loss, times, rates) == pytest.approx(1.5, abs=0.02)


def test_spread_is_the_rms_in_decades():
    times = np.geomspace(0.1, 10, 5)
    loss = np.stack([np.full(5, 1.0), np.full(5, 100.0)])  # two decades apart: one from their mean
    assert decay_time.collapse_spread(loss, times, np.array([0.1, 0.1]), 1.0) == pytest.approx(1.0)


def test_no_common_abscissa_raises():
    times = np.array([1.0, 2.0])
    with pytest.raises(ValueError, match="`exponent` must leave the curves a common abscissa, got 1"):
        decay_time.collapse_spread(np.ones((2, 2)), times, np.array([0.1, 0.01]), 1.0)


@pytest.mark.parametrize(
    ("law", "verdict"),
    [
        ({}, "reproduced"),
        ({"eta": 2.07, "batch": -1.07, "sigma": 1.95}, "reproduced"),
        ({"batch": -0.7}, "partly"),
        ({"sigma": 1.0}, "partly"),
        ({"eta": 1.5}, "not reproduced"),
    ],
)
def test_verdict_follows_the_law(law, verdict):
    evidence, _ = decay_time.rate_law(made_up(**law))
    assert evidence.verdict == verdict
    assert (evidence.margin > 0) == (verdict == "reproduced")


def test_exponents_are_found():
    found = decay_time.decay_time_exponents(made_up(eta=1.9, batch=-1.2, sigma=1.7))
    np.testing.assert_allclose(found, np.broadcast_to([-1.9, 1.2, -1.7], (3, 3)), atol=5e-3)  # steps are rounded


def test_one_decade_is_not_enough():
    short = replace(STUDY, depths=tuple(np.geomspace(0.5, 5, 41)))
    assert decay_time.rate_law(made_up(study=short))[0].verdict == "partly"


def test_decay_times_are_interpolated_and_missing_ones_are_left_out():
    curves = made_up()
    base = STUDY.arms.index(Arm(learning_rate=0.02))
    expected = np.log(10) / 0.02**2 / np.array([1.0, 1.01, 0.99])
    np.testing.assert_allclose(decay_time.decay_times(curves)[:, base], expected, rtol=1e-4)
    loss = curves.test_loss.copy()
    loss[1, base] = 1.0
    gapped = replace(curves, test_loss=loss)
    assert np.isnan(decay_time.decay_times(gapped)[1, base])
    assert np.isnan(decay_time.decay_time_exponents(gapped)[1]).all()
    assert decay_time.rate_law(gapped)[0].rows[1].interval.n == 2
    assert "left out of the exponents: 1 of 3 problems" in decay_time.describe_times(gapped)


@pytest.mark.parametrize(("changes", "failed"), [({}, True), ({"silent_fall": 0.5}, False), ({"eta": 1.2}, False)])
def test_control_fails_only_without_a_fall_and_with_a_preferred_clock(changes, failed):
    assert decay_time.rate_law(made_up(**changes))[1].failed is failed


def test_control_notices_a_collapse_without_label_noise():
    curves = made_up()
    loss = curves.test_loss.copy()
    loss[:, -2:] = loss[:, :2] ** 0.01  # a fall of one percent, which does collapse
    _, control = decay_time.rate_law(replace(curves, test_loss=loss))
    assert [row.finding for row in control.rows[:2]] == ["no fall", "collapses"]
    assert not control.failed


def test_sentences_hold_the_numbers():
    said = decay_time.describe_collapse(made_up())
    assert "**2.000** on average" in said
    assert "3 problems" in said
    times = decay_time.describe_times(replace(made_up(), predicted=made_up().predicted * [1.0, 2.0]))
    leading, first = ([float(x) for x in part.split(" and ")] for part in times.split("**")[1::2])
    assert leading == pytest.approx([2 * x for x in first], rel=2e-3)  # three decimals
    assert leading[0] < leading[1]


def test_profile_has_a_row_per_problem():
    profile = decay_time.collapse_profile(made_up())
    assert profile.shape == (3, len(decay_time.EXPONENTS))
    assert (decay_time.EXPONENTS[profile.argmin(axis=1)] == 2.0).all()
    np.testing.assert_allclose(decay_time.best_exponents(made_up()), 2.0, atol=1e-2)
