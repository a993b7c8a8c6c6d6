from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core import model, schedules, theory
from lrdecay_core.experiments.model import label_noise_off, valley

SMALL = replace(valley.setup("quick"), learning_rate=0.01, seeds=tuple(range(8)))


def test_silence_stays_within_the_bound_and_noise_follows_the_leading_order():
    found = label_noise_off.run({"problems": (3,), "steps": (500, 2000), "replicas": (0,)}, workers=1)
    assert found.fallen.shape == (2, 1, 2)
    assert (found.fallen[1] <= found.bound[0]).all()
    assert (found.change[0] > 20 * np.abs(found.change[1])).all()
    problem = label_noise_off.sparse_problem(3)
    best = model.minimum_norm(problem).beta
    start = np.full(40, label_noise_off.INIT_SCALE)
    reach = 2 * theory.divergence(start, start, best) + 4 * np.abs(best).sum()
    rate = 0.5 / ((problem.X**2).max() * reach) * (1 - 1e-9)
    path = model.sgd(
        problem, schedule=schedules.constant(rate), num_steps=2000, batch_size=label_noise_off.BATCH_SIZE, seeds=[0],
        label_noise=label_noise_off.LABEL_NOISE, init_scale=label_noise_off.INIT_SCALE, record=[500, 2000],
    )  # fmt: skip
    fallen = (np.log(2 * label_noise_off.INIT_SCALE**2) - path.log_scale[:, 0]).max(axis=1)
    np.testing.assert_allclose(found.fallen[0, 0], fallen, rtol=1e-9)  # the same run, alone and among others
    landed = theory.late_decay_limit(problem.X, problem.y, path.log_scale, path.centre)
    np.testing.assert_allclose(found.test_loss[0, 0], problem.test_loss(landed)[:, 0], rtol=1e-6)  # a solver's rest


def test_the_last_two_decay_steps_are_t_and_four_t():
    for profile in ("quick", "book"):
        steps = label_noise_off.settings(profile)["steps"]
        assert steps[-1] == 4 * steps[-2]


def test_without_label_noise_the_loss_of_scale_stops_below_the_bound_and_with_it_goes_on():
    found = label_noise_off.drift(replace(SMALL, num_steps=6000, seeds=(0, 1)))
    assert found.quiet[-1].max() < found.bound
    assert found.quiet[-1].max() < 1.2 * found.quiet[found.steps <= 3000][-1].max()
    assert found.rise <= 1e-12
    assert found.noisy[-1].mean() == pytest.approx(found.predicted[-1], rel=0.2)  # phase I counts at small T
    assert f"**{found.bound:.3f}**" in label_noise_off.describe_drift(found)


def test_beyond_the_theorem_there_is_no_bound():
    found = label_noise_off.drift(replace(SMALL, num_steps=50, seeds=(0,)), learning_rate=0.04)
    assert np.isnan(found.bound)
    assert found.setup.learning_rate == 0.04
