from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.experiments.model import decay_time
from lrdecay_core.experiments.model.setting import Arm, sparse_problem

SMALL = replace(
    decay_time.study("quick"),
    problems=(3, 4),
    replicas=2,
    rates=(Arm(learning_rate=0.04), Arm(learning_rate=0.03)),
    others=(),
    silent=(Arm(learning_rate=0.04, label_noise=0.0),),
    depths=(0.1, 0.5, 1.0),
    target=0.4,
)


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_arms_differ_in_one_thing_at_a_time(profile):
    study = decay_time.study(profile)
    base = Arm(learning_rate=0.02)
    assert base in study.rates
    assert {(a.batch_size, a.label_noise) for a in study.rates} == {(base.batch_size, base.label_noise)}
    for arm in study.others:
        assert arm.learning_rate == base.learning_rate
        assert (arm.batch_size == base.batch_size) != (arm.label_noise == base.label_noise)
    assert {a.label_noise for a in study.silent} == {0.0}
    assert len(study.silent) >= 2  # a collapse needs two curves


def test_two_decades_and_four_rates_in_the_book():
    study = decay_time.study("book")
    assert study.depths[-1] / study.depths[0] >= 100 * (1 - 1e-12)
    assert len(study.rates) == 4
    assert len(study.problems) >= 6


def test_run_has_every_problem_and_arm_and_does_not_depend_on_workers():
    alone = decay_time.run(SMALL, workers=1)
    assert alone.test_loss.shape == (2, 3, 3, 2)
    assert alone.mean.shape == (2, 3, 3)
    # A worker has one thread, this process may have more: products are then summed in another order.
    np.testing.assert_allclose(alone.test_loss, decay_time.run(SMALL, workers=2).test_loss, rtol=1e-12)
    problem, arm = sparse_problem(4), SMALL.rates[1]
    (curve,) = decay_time.landing_curves(problem, [arm], steps=arm.steps(np.array(SMALL.depths)), replicas=2)
    np.testing.assert_allclose(alone.test_loss[1, 1], curve, rtol=1e-12)  # rounding depends on the row of a product
    assert np.isnan(alone.predicted[:, 2]).all()
    reached = (alone.mean <= SMALL.target).any(axis=2)
    np.testing.assert_array_equal(np.isnan(alone.predicted), ~np.stack([reached, reached], axis=2))


def test_predictions_that_differ_by_a_factor_are_those_of_each_arm():
    arms = (*SMALL.rates, Arm(learning_rate=0.03, label_noise=1.0), Arm(learning_rate=0.04, batch_size=2))
    settings = replace(SMALL, problems=(3,), rates=arms, silent=(), depths=(0.1, 4.0), replicas=1)
    found, problem = decay_time.run(settings, workers=1).predicted[0], sparse_problem(3)
    for k, arm in enumerate(arms):
        expected = [decay_time.predicted_steps(problem, arm, SMALL.target, first_order=o) for o in (False, True)]
        np.testing.assert_allclose(found[k], expected, rtol=1e-6)  # the correction's iteration stops at 1e-10
    assert (found[:, 1] < found[:, 0]).all()  # residuals add to the noise


def test_arms_side_by_side_are_those_alone():
    arms = [Arm(learning_rate=0.04, label_noise=1.0), Arm(learning_rate=0.02), Arm(learning_rate=0.02, label_noise=0.0)]
    problem, steps = sparse_problem(5), np.array([10, 60])
    found = decay_time.landing_curves(problem, arms, steps=steps, replicas=3)
    for together, arm in zip(found, arms, strict=True):
        (alone,) = decay_time.landing_curves(problem, [arm], steps=steps, replicas=3)
        np.testing.assert_allclose(together, alone, rtol=1e-10)  # rounding depends on the row of a product
    with pytest.raises(ValueError, match="`arms` must share one batch size, got \\[4, 2\\]"):
        decay_time.landing_curves(problem, [arms[1], replace(arms[1], batch_size=2)], steps=steps, replicas=1)


def test_description_names_settings_and_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")
    text = decay_time.describe(decay_time.study())
    assert "0.04, 0.03, 0.02, 0.01" in text
    assert "50,000 steps" in text
    assert "`book` profile" in text
