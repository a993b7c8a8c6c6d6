import numpy as np
import pytest

from lrdecay_core import model, schedules, solvers, theory
from lrdecay_core.model import Problem, Weights

# n, d, s, rate, label noise, batch; "perturbed": random starting weights of both signs, columns not normalised
SETTINGS = [
    (5, 12, 2, 0.05, 1.0, 1),
    (5, 12, 2, 0.05, 0.0, 5),
    (5, 12, 2, 0.1, 0.5, 2),
    (12, 30, 3, 0.04, 1.0, 4),
    (12, 30, 3, 0.03, 0.0, 1),
    (20, 40, 3, 0.04, 2.0, 4),
    (20, 40, 3, 0.04, 0.5, 20),
    (40, 100, 6, 0.02, 1.0, 8),
    (40, 100, 6, 0.01, 0.0, 1),
    (60, 200, 5, 0.01, 1.0, 60),
]


def states(setting, seed, perturbed):
    n, d, s, rate, noise, batch = setting
    problem = Problem.sparse(num_samples=n, num_features=d, sparsity=s, seed=seed)
    draw = np.random.default_rng(seed)
    weights = Weights(np.full(d, 0.5), np.full(d, 0.5))
    if perturbed:
        problem = Problem(problem.X * draw.uniform(0.6, 1.3, d), problem.y, problem.beta_true)
        weights = Weights(draw.choice([-1, 1], d) * draw.uniform(0.2, 0.6, d), draw.uniform(0.2, 0.6, d))
    path = model.sgd(
        problem,
        schedule=schedules.constant(rate),
        num_steps=600,
        batch_size=batch,
        label_noise=noise,
        weights=weights,
        seeds=[seed],
        record=[100, 600],
    )
    assert np.isnan(path.diverged_step).all()
    return problem, path


@pytest.mark.parametrize("perturbed", [False, True])
@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_against_a_stiff_ode_solver(setting, perturbed, gradient_flow):
    problem, path = states(setting, 1, perturbed)
    limits = theory.late_decay_limit(problem.X, problem.y, path.log_scale[:, 0], path.centre[:, 0])
    without = theory.late_decay_limit(problem.X, problem.y, path.log_scale[:, 0], np.zeros_like(path.centre[:, 0]))
    for k in range(2):
        end = gradient_flow(problem.X, problem.y, path.weights.p[k, 0], path.weights.m[k, 0])
        size = np.abs(end).max()
        # the solver's local error of 3e-14 adds up over some thousand steps; 1e-12 to 1e-11 is seen
        assert np.abs(limits[k] - end).max() <= 1e-9 * size
        if perturbed:  # the control: without its centre the formula is visibly wrong
            assert np.abs(without[k] - end).max() > 1e-5 * size


def test_the_centre_matters_at_large_rates():
    problem, path = states((20, 40, 3, 0.08, 2.0, 4), 0, False)
    right = theory.late_decay_limit(problem.X, problem.y, path.log_scale, path.centre)
    wrong = theory.late_decay_limit(problem.X, problem.y, path.log_scale, 0 * path.centre)
    assert np.abs(right - wrong).max() > 1e-3


def test_centre_of_the_recursion_and_phi_itself_give_one_limit():
    problem, path = states((12, 30, 3, 0.04, 1.0, 4), 2, True)
    one = theory.late_decay_limit(problem.X, problem.y, path.log_scale, path.centre)
    two = theory.late_decay_limit(problem.X, problem.y, path.log_scale, path.weights.phi)
    np.testing.assert_allclose(one, two, atol=1e-12)  # phi is off by a row combination of size 10


def test_small_step_tail_lands_there_to_first_order():
    problem, path = states((12, 30, 3, 0.04, 1.0, 4), 3, False)
    limit = theory.late_decay_limit(problem.X, problem.y, path.log_scale[-1, 0], path.centre[-1, 0])
    off = []
    for rate in (0.02, 0.01):
        tail = model.sgd(
            problem,
            schedule=schedules.constant(rate),
            num_steps=int(600 / rate),
            batch_size=12,
            weights=path.final,
            seeds=[0],
        )
        assert tail.train_loss[-1, 0] < 1e-20
        off.append(np.abs(tail.beta[-1, 0] - limit).max())
        exact = theory.late_decay_limit(problem.X, problem.y, tail.log_scale[-1, 0], tail.centre[-1, 0])
        np.testing.assert_allclose(tail.beta[-1, 0], exact, atol=1e-10)  # train loss 1e-20 is a residual of 1e-10
    assert off[0] / off[1] == pytest.approx(2, rel=0.1)  # O(eta_s), the next order is relative O(eta_s)
    assert off[0] < 1e-2


def test_positive_model(gradient_flow):
    problem = Problem.three_dimensional()
    draw = np.random.default_rng(0)
    p = draw.uniform(0.4, 1.5, (5, 3))
    limits = theory.late_decay_limit_positive(problem.X, problem.y, np.log(p**2))
    for start, limit in zip(p, limits, strict=True):
        end = gradient_flow(problem.X, problem.y, start, np.zeros(3))
        np.testing.assert_allclose(limit, end, atol=1e-10)  # as above


def test_runs_that_diverged_give_nan_and_do_not_disturb_the_others():
    problem, path = states((5, 12, 2, 0.05, 1.0, 1), 0, False)
    logs, centre = np.repeat(path.log_scale[:1, 0], 3, 0), np.repeat(path.centre[:1, 0], 3, 0)
    logs[1] = np.nan
    limits = theory.late_decay_limit(problem.X, problem.y, logs, centre)
    assert np.isnan(limits[1]).all()
    alone = solvers.entropy_projection(problem.X, problem.y, logs[0], centre[0]).solution
    np.testing.assert_allclose(limits[[0, 2]], [alone, alone], atol=1e-13)
    assert np.isnan(theory.late_decay_limit(problem.X, problem.y, logs[1], centre[1])).all()


def test_refuses_one_sided_coordinates():
    with pytest.raises(ValueError, match="call `kl_projection`"):
        theory.late_decay_limit([[1.0, 1.0]], [1.0], [0.0, 0.0], [np.inf, 0.0])


def test_tail_moves_the_scale_less_than_its_bound_and_residuals_fall_at_least_at_the_rate():
    problem = Problem.sparse(num_samples=8, num_features=20, sparsity=2, seed=0)
    trunk = model.sgd(
        problem,
        schedule=schedules.constant(0.04),
        num_steps=500,
        batch_size=4,
        label_noise=1.0,
        init_scale=0.5,
        seeds=range(6),
    )
    for rate in (0.02, 0.005):
        tail = model.sgd(
            problem,
            schedule=schedules.constant(rate),
            num_steps=int(300 / rate),
            batch_size=8,
            weights=trunk.final,
            seeds=range(6),
            record=[0, 50, 200, int(300 / rate)],
        )
        mu = theory.tail_rate(problem.X, tail.log_scale[-1])
        bound = theory.tail_drift_bound(trunk.train_loss[-1], mu, decayed_rate=rate)
        moved = np.abs(tail.log_scale[-1] - tail.log_scale[0]).max(axis=-1)
        assert (moved <= bound).all()
        assert (moved > 1e-3 * bound).all()
        # |r|^2 falls like e^(-2 mu t) along the flow; a discrete step is slower by a relative eta mu
        ceiling = tail.train_loss[0] * np.exp(-2 * mu * rate * tail.steps[:3, None] * (1 - rate))
        assert (tail.train_loss[:3] <= ceiling * (1 + 1e-9)).all()


def test_rate_by_hand():
    X = np.array([[1.0, 0.0, 1.0], [0.0, 2.0, 0.0]])
    assert theory.tail_rate(X, np.log([0.5, 1.0, 0.25])) == pytest.approx(0.75)  # (2/2) min(0.75, 4)
    with pytest.raises(ValueError, match="`decayed_rate` must be"):
        theory.tail_drift_bound(1.0, 1.0, decayed_rate=0.0)
