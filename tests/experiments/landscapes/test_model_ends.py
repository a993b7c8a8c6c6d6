from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from lrdecay_core import schedules
from lrdecay_core.experiments.landscapes.model_ends import KINDS, Model, ends, flat, losses
from lrdecay_core.model import Weights, sgd

SETTINGS = Model(num_samples=6, num_features=12, sparsity=2, late=400)


def factors(vector):
    u, v = np.split(np.asarray(vector), 2)
    return Weights.from_uv(u, v)


def flow(start, gradient, time):
    """Integrate the flow of a loss of beta in (u, v), with the gradient in beta given."""

    def rate(_, theta):
        u, v = np.split(theta, 2)
        g = gradient(u * v)
        return -np.concatenate([v * g, u * g])

    return solve_ivp(rate, (0, time), np.asarray(start), method="LSODA", rtol=1e-10, atol=1e-12).y[:, -1]


@pytest.mark.parametrize("kind", KINDS)
def test_ends_fit_the_data_and_optima_the_truth_at_the_scale_they_came_from(kind):
    found, problem = ends(SETTINGS, kind, 3), SETTINGS.problem(kind, 3)
    for vector in (found.early, found.late):
        assert float(found.losses["train"](vector)) < 1e-20  # the projection's residual is at rounding
    for vector, start in zip(found.optima, (found.late, found.early), strict=True):
        np.testing.assert_allclose(factors(vector).beta, problem.beta_true, atol=1e-12)
        np.testing.assert_allclose(
            factors(vector).log_scale, factors(start).log_scale, atol=1e-9
        )  # p m by cancellation


def test_late_end_is_where_the_flow_from_the_run_arrives():
    problem = SETTINGS.problem("main", 3)
    path = sgd(
        problem, schedule=schedules.constant(SETTINGS.learning_rate), num_steps=SETTINGS.late, batch_size=4,
        label_noise=SETTINGS.label_noise, init_scale=0.5, seeds=[3],
    )  # fmt: skip
    start = flat(Weights(path.final.p[0], path.final.m[0]))
    X, y = problem.X, problem.y
    arrived = flow(start, lambda beta: X.T @ (X @ beta - y) / len(y), 400)
    np.testing.assert_allclose(arrived, ends(SETTINGS, "main", 3).late, atol=1e-6)  # the ODE solver's accuracy


def test_optimum_is_where_the_flow_down_the_testing_loss_arrives():
    # Where beta_true is 0 and a is small the flow is slow, e^{-2 a t}; a short run keeps a near a_0 = 0.5.
    found = ends(replace(SETTINGS, late=60), "main", 3)
    truth = SETTINGS.problem("main", 3).beta_true
    arrived = flow(found.late, lambda beta: beta - truth, 60)
    np.testing.assert_allclose(arrived, found.optima[0], atol=1e-6)  # the ODE solver's accuracy


@pytest.mark.parametrize("kind", ["main", "dense truth"])
def test_losses_are_those_of_the_problem(kind):
    problem = SETTINGS.problem(kind, 5)
    weights = Weights(*np.random.default_rng(0).uniform(0.1, 1, (2, 12)))
    found = losses(problem)
    assert float(found["train"](flat(weights))) == pytest.approx(float(problem.train_loss(weights.beta)))
    assert float(found["test"](flat(weights))) == pytest.approx(float(problem.test_loss(weights.beta)))


def test_controls_change_what_they_say():
    main = ends(SETTINGS, "main", 3)
    length = {kind: float((e.late - e.early).norm()) for kind, e in ((k, ends(SETTINGS, k, 3)) for k in KINDS)}
    assert length["no label noise"] < length["small rate"] < length["main"]
    same = ends(replace(SETTINGS, learning_rate=SETTINGS.small_rate), "main", 3)
    np.testing.assert_array_equal(same.late, ends(SETTINGS, "small rate", 3).late)
    np.testing.assert_array_equal(
        ends(replace(SETTINGS, learning_rate=0.01), "unrelated", 3).late, ends(SETTINGS, "unrelated", 3).late
    )
    dense = SETTINGS.problem("dense truth", 3)
    np.testing.assert_array_equal(dense.X, SETTINGS.problem("main", 3).X)
    assert np.square(dense.beta_true).sum() == pytest.approx(SETTINGS.sparsity)
    assert float(main.losses["test"](main.late)) < float(main.losses["test"](main.early))


def test_refuses_an_unknown_kind():
    with pytest.raises(ValueError, match="`kind` must be one of .*, got 'large'"):
        ends(SETTINGS, "large", 0)
