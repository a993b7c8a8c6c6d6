import numpy as np

from lrdecay_core import model, schedules, theory
from lrdecay_core.experiments.model import silent_model


def test_silence_stays_within_the_bound_and_noise_follows_the_leading_order():
    found = silent_model.run({"problems": (3,), "steps": (500, 2000), "replicas": (0,)}, workers=1)
    assert found.fallen.shape == (2, 1, 2)
    assert (found.fallen[1] <= found.bound[0]).all()
    assert (found.change[0] > 20 * np.abs(found.change[1])).all()
    problem = silent_model.sparse_problem(3)
    best = model.minimum_norm(problem).beta
    start = np.full(40, silent_model.INIT_SCALE)
    reach = 2 * theory.divergence(start, start, best) + 4 * np.abs(best).sum()
    rate = 0.5 / ((problem.X**2).max() * reach) * (1 - 1e-9)
    path = model.sgd(
        problem, schedule=schedules.constant(rate), num_steps=2000, batch_size=silent_model.BATCH_SIZE, seeds=[0],
        label_noise=silent_model.LABEL_NOISE, init_scale=silent_model.INIT_SCALE, record=[500, 2000],
    )  # fmt: skip
    fallen = (np.log(2 * silent_model.INIT_SCALE**2) - path.log_scale[:, 0]).max(axis=1)
    np.testing.assert_allclose(found.fallen[0, 0], fallen, rtol=1e-9)  # the same run, alone and among others
    landed = theory.late_decay_limit(problem.X, problem.y, path.log_scale, path.centre)
    np.testing.assert_allclose(found.test_loss[0, 0], problem.test_loss(landed)[:, 0], rtol=1e-6)  # a solver's rest


def test_the_last_two_decay_steps_are_t_and_four_t():
    for profile in ("quick", "book"):
        steps = silent_model.settings(profile)["steps"]
        assert steps[-1] == 4 * steps[-2]
