import numpy as np

from lrdecay_core import theory
from lrdecay_core.experiments.model.decay_limit import gradient_flow
from lrdecay_core.experiments.model.setting import INIT_SCALE, Arm, Setting, landing, sparse_problem


def test_the_defaults_are_one_setting():
    base, arm, problem = Setting(), Arm(learning_rate=0.04), sparse_problem(3)
    np.testing.assert_array_equal(base.problem(3).X, problem.X)
    np.testing.assert_array_equal(base.problem(3).beta_true, problem.beta_true)
    assert (base.batch_size, base.label_noise, base.learning_rate) == (arm.batch_size, arm.label_noise, 0.04)
    assert base.run(problem, [0], [0]).log_scale[0, 0, 0] == np.log(2 * INIT_SCALE**2)


def test_a_run_lands_where_gradient_flow_ends():
    problem = sparse_problem(0)
    path = Setting().run(problem, [100, 300], seeds=[5, 6])
    beta = landing(problem, path)
    assert beta.shape == (2, 2, 40)
    end = gradient_flow(problem, path.weights.p[1, 0], path.weights.m[1, 0])[-1]
    np.testing.assert_allclose(beta[1, 0], end, rtol=0, atol=1e-9)  # the solver stops at a residual of 3e-12


def test_steps_are_where_the_leading_scale_has_fallen_by_the_depth():
    arm, depths = Arm(learning_rate=0.01, batch_size=8, label_noise=3.0), np.array([0.1, 2.0])
    problem = sparse_problem(0)
    log_scale = theory.slow_log_scale(
        problem.X,
        problem.y,
        init_scale=INIT_SCALE,
        slow_times=0.01**2 * arm.steps(depths),
        label_noise=3.0,
        batch_size=8,
    )
    np.testing.assert_allclose(
        np.log(0.5) - log_scale, np.broadcast_to(depths[:, None], (2, 40)), rtol=1e-3
    )  # whole steps
    assert Arm(learning_rate=0.1, label_noise=0.0).steps(np.array([1.0])).tolist() == [100]
