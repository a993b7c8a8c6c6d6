import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from lrdecay_core import model, schedules
from lrdecay_core.model import Problem, Weights, manifold


def unnormalised(seed=0, n=4, d=9):
    draw = np.random.default_rng(seed)
    return Problem(draw.standard_normal((n, d)), draw.standard_normal(n)), draw


def on_manifold(problem, draw):
    d = problem.num_features
    logs, centre = draw.standard_normal(d), draw.standard_normal(d)
    along = manifold.to_valley(problem, Weights.from_scale(logs, centre)).along
    point = manifold.ValleyPoint(along=along, log_scale=logs, residual=np.zeros(problem.num_samples))
    return manifold.from_valley(problem, point)


@pytest.mark.parametrize("where", ["anywhere", "on the manifold"])
def test_hessian_against_autograd(where):
    problem, draw = unnormalised()
    w = Weights(draw.standard_normal(9), draw.standard_normal(9))
    w = on_manifold(problem, draw) if where == "on the manifold" else w
    X, y = torch.tensor(problem.X), torch.tensor(problem.y)

    def loss(theta):
        return ((X @ (theta[:9] * theta[9:]) - y) ** 2).sum() / 8

    exact = torch.autograd.functional.hessian(loss, torch.tensor(np.concatenate([w.u, w.v]))).numpy()
    H = manifold.hessian(problem, w)
    np.testing.assert_allclose(H, exact, atol=1e-13)  # sums of a few products of order 10
    assert manifold.hessian_trace(problem, w) == pytest.approx(np.trace(exact), rel=1e-13)


def test_spectrum_on_the_manifold():
    problem, draw = unnormalised(1)
    w = on_manifold(problem, draw)
    assert np.abs(manifold.residual(problem, w)).max() < 1e-12
    values = np.linalg.eigvalsh(manifold.hessian(problem, w))
    np.testing.assert_allclose(values[:-4], 0, atol=1e-11)  # the residual, 1e-12, enters off the diagonal
    small = np.linalg.eigvalsh(2 / 4 * (problem.X * w.magnitude) @ problem.X.T)
    np.testing.assert_allclose(values[-4:], small, rtol=1e-11)


def test_trace_is_the_norm_under_normalised_columns():
    problem = Problem.sparse(num_samples=6, num_features=14, sparsity=2, seed=0)
    draw = np.random.default_rng(1)
    w = Weights(draw.standard_normal((5, 14)), draw.standard_normal((5, 14)))
    np.testing.assert_allclose(manifold.hessian_trace(problem, w), w.norm_squared, rtol=1e-13)


def test_tangent_and_normal_parts():
    problem, draw = unnormalised(2)
    w = Weights(draw.standard_normal((3, 9)), draw.standard_normal((3, 9)))
    step = Weights(draw.standard_normal((3, 9)), draw.standard_normal((3, 9)))
    tangent, normal = (f(problem, w, step) for f in (manifold.tangent_part, manifold.normal_part))
    np.testing.assert_allclose([tangent.p + normal.p, tangent.m + normal.m], [step.p, step.m], atol=1e-13)
    # in (p, m) as in Theorem A: X (p dp - m dm) = 0, and the normal space is (p X^T l, -m X^T l)
    np.testing.assert_allclose((w.p * tangent.p - w.m * tangent.m) @ problem.X.T, 0, atol=1e-12)
    np.testing.assert_allclose((tangent.p * normal.p + tangent.m * normal.m).sum(-1), 0, atol=1e-12)
    multiplier = np.linalg.lstsq((problem.X * w.p[1]).T, normal.p[1], rcond=None)[0]
    np.testing.assert_allclose(normal.p[1], w.p[1] * (multiplier @ problem.X), atol=1e-12)
    np.testing.assert_allclose(normal.m[1], -w.m[1] * (multiplier @ problem.X), atol=1e-12)
    again = manifold.tangent_part(problem, w, tangent)
    np.testing.assert_allclose(again.p, tangent.p, atol=1e-12)


def test_minimum_norm_is_a_singular_end_point():
    problem = Problem.sparse(num_samples=10, num_features=24, sparsity=2, seed=3)
    J = manifold.jacobian(problem, model.minimum_norm(problem).weights)
    assert np.linalg.matrix_rank(J, tol=1e-6) == 2
    w = Weights(np.full(24, 0.5), np.full(24, 0.5))
    assert np.linalg.matrix_rank(manifold.jacobian(problem, w)) == 10


def test_valley_chart_and_its_inverse():
    problem, draw = unnormalised(3, n=4, d=11)
    w = Weights(np.exp(draw.standard_normal((6, 11))), np.exp(draw.standard_normal((6, 11))))
    point = manifold.to_valley(problem, w)
    assert point.along.shape == (6, 7)
    back = manifold.from_valley(problem, point)
    np.testing.assert_allclose([back.p, back.m], [w.p, w.m], rtol=1e-11)  # Newton ends at 1e-14; conditioning 1e2
    np.testing.assert_allclose((point.residual**2).mean(-1) / 2, problem.train_loss(w.beta), rtol=1e-13)


def test_one_step_moves_the_three_coordinates_at_first_second_and_third_order():
    problem = Problem.sparse(num_samples=4, num_features=9, sparsity=2, seed=1)
    rates = np.array([0.04, 0.02, 0.01, 0.005])
    draw = np.random.default_rng(0)
    w = Weights.from_scale(-np.ones(9), 0.3 * draw.standard_normal(9))
    step = model.sgd(
        problem,
        schedule=schedules.constant(rates),
        num_steps=1,
        batch_size=2,
        label_noise=1.0,
        weights=w,
        seeds=[0] * 4,
    )
    before, after = manifold.to_valley(problem, w), manifold.to_valley(problem, step.final)
    for name, order in (("residual", 1), ("log_scale", 2), ("along", 3)):
        moved = np.abs(getattr(after, name) - getattr(before, name)).max(axis=-1)
        slopes = np.diff(np.log(moved)) / np.diff(np.log(rates))
        assert slopes[-1] == pytest.approx(order, abs=0.1)  # the next order adds a correction of relative size eta |g|


def test_chart_covers_one_orthant():
    problem, _ = unnormalised()
    with pytest.raises(ValueError, match="`weights` must have p > 0 and m > 0"):
        manifold.to_valley(problem, Weights(np.ones(9), -np.ones(9)))


@pytest.mark.parametrize("seed", range(4))
def test_is_the_shortest_interpolator_and_proves_it(seed):
    problem = Problem.sparse(num_samples=6, num_features=14, sparsity=2, seed=seed, label_errors=0.3)
    found = model.minimum_norm(problem)
    np.testing.assert_allclose(problem.X @ found.beta, problem.y, atol=1e-12)  # one vertex of a linear programme
    assert found.norm_squared == pytest.approx(float(found.weights.norm_squared), rel=1e-14)
    assert abs(found.gap) <= 1e-12 * found.norm_squared
    assert found.residual <= 1e-12
    np.testing.assert_array_equal(found.weights.p * found.weights.m, 0)
    assert np.abs(problem.X.T @ found.certificate).max() <= 1 + 1e-14


def test_descent_on_the_norm_finds_nothing_shorter():
    problem = Problem.sparse(num_samples=5, num_features=9, sparsity=2, seed=1)
    found = model.minimum_norm(problem)
    draw = np.random.default_rng(0)

    def excess(theta):
        return problem.X @ (theta[:9] * theta[9:]) - problem.y

    shortest = np.inf
    for _ in range(8):
        end = minimize(
            lambda theta: theta @ theta,
            draw.standard_normal(18),
            jac=lambda theta: 2 * theta,
            constraints={
                "type": "eq",
                "fun": excess,
                "jac": lambda theta: np.hstack([problem.X * theta[9:], problem.X * theta[:9]]),
            },
            method="SLSQP",
            options={"maxiter": 500, "ftol": 1e-14},
        )
        if np.abs(excess(end.x)).max() < 1e-9:
            shortest = min(shortest, end.fun)
    assert shortest == pytest.approx(found.norm_squared, rel=1e-6)  # SLSQP stops with constraints met to about 1e-9


def test_positive_problem_has_its_own_minimum():
    problem = Problem.three_dimensional()
    found = model.minimum_norm(problem)
    np.testing.assert_allclose(found.beta, [1, np.sqrt(2), 0], atol=1e-14)
    assert found.norm_squared == pytest.approx(2 * (1 + np.sqrt(2)))


def test_positive_problem_without_solution():
    with pytest.raises(ValueError, match="no non-negative b solves"):
        model.minimum_norm(Problem([[1.0, 1.0]], [-1.0], positive=True))
