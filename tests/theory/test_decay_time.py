import numpy as np
import pytest

from lrdecay_core import model, schedules, theory
from lrdecay_core.model import Problem

PROBLEM = Problem.sparse(num_samples=20, num_features=40, sparsity=3, seed=0)
SETTING = {"init_scale": 0.5, "label_noise": 2.0, "batch_size": 4, "learning_rate": 0.02}


def time_to(target, problem=PROBLEM, **changes):
    return theory.decay_time(problem.X, problem.y, problem.beta_true, target_test_loss=target, **{**SETTING, **changes})


@pytest.mark.parametrize("rate", [None, 0.02])
def test_is_where_the_curve_crosses(rate):
    T = time_to(1e-2, first_order=rate is not None)
    times = T * 0.02**2 * np.array([1 - 1e-3, 1 + 1e-3])
    beta = theory.slow_flow(
        PROBLEM.X, PROBLEM.y, init_scale=0.5, slow_times=times, label_noise=2.0, batch_size=4, learning_rate=rate
    )
    before, after = PROBLEM.test_loss(beta)
    assert before > 1e-2 > after  # interpolation between points 1/20 apart errs by 1e-4 of the time


def test_leading_order_scales_exactly():
    base = time_to(1e-3, first_order=False)
    changed = time_to(1e-3, first_order=False, learning_rate=0.01, batch_size=8, label_noise=1.0)
    assert changed == pytest.approx(base * 4 * 2 * 4, rel=1e-12)  # B / (eta sigma)^2


def test_late_slope_is_the_exponent():
    kappa = theory.kappa_star(PROBLEM.X, PROBLEM.beta_true).kappa
    one, two = (time_to(target, first_order=False) for target in (1e-16, 1e-18))
    slope = (two - one) * SETTING["learning_rate"] ** 2 / np.log(100)  # sigma^2 / B = 1
    assert slope == pytest.approx(1 / (2 * (1 - kappa)), rel=0.02)  # corrections fall like powers of a


def test_against_sgd():
    T = time_to(0.03)
    steps = np.arange(100, 20_000, 100)
    path = model.sgd(
        PROBLEM,
        schedule=schedules.constant(0.02),
        num_steps=20_000,
        batch_size=4,
        label_noise=2.0,
        init_scale=0.5,
        seeds=range(8),
        record=steps,
    )
    loss = PROBLEM.test_loss(theory.late_decay_limit(PROBLEM.X, PROBLEM.y, path.log_scale, path.centre))
    measured = steps[np.argmax(np.exp(np.log(loss).mean(axis=1)) <= 0.03)]
    assert measured == pytest.approx(T, rel=0.03)  # first order in eta; 8 replicas and a grid of 100 steps: 2 percent


def test_zero_if_already_there_and_refusal_if_never():
    assert time_to(5.0) == 0.0
    noisy = Problem.sparse(num_samples=20, num_features=40, sparsity=3, seed=0, label_errors=0.3)
    with pytest.raises(ValueError, match="`target_test_loss` must be reached on the way.*the least is 0"):
        time_to(1e-6, noisy, first_order=False)
    with pytest.raises(ValueError, match="`label_noise` must be a finite number above 0"):
        time_to(1e-2, label_noise=0.0)
