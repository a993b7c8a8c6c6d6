import numpy as np
import pytest

from lrdecay_core import model, schedules, solvers, theory
from lrdecay_core.model import Problem
from lrdecay_core.theory import three_dimensional as drawn

PROBLEM = Problem.three_dimensional()


def test_it_is_the_problem_of_the_model():
    np.testing.assert_array_equal(drawn.X, PROBLEM.X)
    np.testing.assert_allclose(PROBLEM.X @ drawn.KERNEL, 0, atol=1e-15)
    t = np.linspace(0, 1, 11)
    np.testing.assert_allclose(drawn.coefficients(t) @ PROBLEM.X.T - PROBLEM.y, 0, atol=1e-15)
    np.testing.assert_allclose(PROBLEM.test_loss(drawn.coefficients(t)), 2 * t**2, atol=1e-15)


def test_curve_is_closed_and_on_the_minima():
    angle = np.linspace(0, 2 * np.pi, 101)
    w = drawn.curve(angle)
    np.testing.assert_allclose(PROBLEM.train_loss(w**2), 0, atol=1e-30)
    np.testing.assert_allclose(w[0], w[-1], atol=1e-15)
    np.testing.assert_allclose((w**2).sum(-1), 1 + np.sqrt(2) + (2 - np.sqrt(2)) * np.sin(angle) ** 2, rtol=1e-14)


def test_arc_length_against_a_polygon():
    angle = np.linspace(0, np.pi / 2, 100_001)
    polygon = np.linalg.norm(np.diff(drawn.curve(angle), axis=0), axis=1).sum()
    assert drawn.arc_length(np.pi / 2) == pytest.approx(polygon, rel=1e-9)  # a chord is short by its length cubed
    assert drawn.arc_length(2 * np.pi) == pytest.approx(4 * polygon, rel=1e-9)
    assert drawn.arc_length(-0.3) == -drawn.arc_length(0.3)


def test_hessian_eigenvalues_against_finite_differences():
    for t in (0.0, 0.3, 1.0):
        w = np.sqrt(drawn.coefficients(t))
        step = 1e-4 * np.eye(3)
        H = np.array(
            [
                [
                    sum(i * j * PROBLEM.train_loss((w + i * a + j * b) ** 2) for i in (-1, 1) for j in (-1, 1)) / 4e-8
                    for b in step
                ]
                for a in step
            ]
        )
        # differences of a quartic with step 1e-4: truncation 1e-7, rounding 1e-16 / 1e-8
        np.testing.assert_allclose(np.linalg.eigvalsh(H)[1:], drawn.hessian_eigenvalues(t), atol=1e-6)
        assert drawn.hessian_eigenvalues(t).sum() == pytest.approx(4 * (w**2).sum())
    product = 8 * (np.sqrt(2) * 0.7 * 1.6 + 0.6 * 1.3)
    assert drawn.hessian_eigenvalues(0.3).prod() == pytest.approx(product)


def test_chart_contains_the_floor_and_leaves_it_at_right_angles():
    angle = np.linspace(-np.pi / 2, np.pi / 2, 21)
    np.testing.assert_array_equal(drawn.chart(angle, 0.0), drawn.curve(angle))
    across = drawn.chart(angle, 1e-3) - drawn.curve(angle)
    along = drawn.curve(angle + 1e-6) - drawn.curve(angle - 1e-6)
    np.testing.assert_allclose(np.linalg.norm(across, axis=-1), 1e-3, rtol=1e-12)
    np.testing.assert_allclose((across * along).sum(-1) / 2e-9, 0, atol=1e-5)  # difference quotient of step 1e-6
    assert (np.linalg.norm(np.diff(across, axis=0), axis=1) < 3e-4).all()  # the normal does not flip on the way
    loss = PROBLEM.train_loss(drawn.chart(angle, np.full(21, 1e-3)) ** 2)
    stiffest = drawn.hessian_eigenvalues(np.sin(angle) ** 2)[:, 1]
    np.testing.assert_allclose(loss / (stiffest * 1e-6 / 2), 1, rtol=5e-3)  # the cubic term is relative 1e-3


def test_valley_coordinate_and_its_inverse():
    t = np.array([1e-300, 1e-12, 0.01, 0.5, 0.99, 1 - 1e-9])
    q = drawn.valley_coordinate(t)
    assert (np.diff(q) > 0).all()
    np.testing.assert_allclose(q, np.log(drawn.coefficients(t)) @ drawn.KERNEL, rtol=1e-7)
    np.testing.assert_allclose(drawn.position_of(q)[:5], t[:5], rtol=1e-12)  # 700 in the exponent rounds to 1e-13
    np.testing.assert_allclose(1 - drawn.position_of(q)[5], 1e-9, rtol=1e-6)  # 1 - t is rounded already


def test_decay_law_against_the_flow_and_the_projection(gradient_flow):
    w = np.random.default_rng(0).uniform(0.3, 1.6, (6, 3))
    t = drawn.decay_position(w)
    for start, position in zip(w, t, strict=True):
        end = gradient_flow(PROBLEM.X, PROBLEM.y, start, np.zeros(3))
        np.testing.assert_allclose(drawn.coefficients(position), end, atol=1e-10)  # the solver's accumulated error
    projected = solvers.kl_projection(PROBLEM.X, PROBLEM.y, np.log(w**2), np.full((6, 3), -np.inf)).solution
    np.testing.assert_allclose(drawn.coefficients(t), projected, atol=1e-12)


def test_slow_law_against_sgd():
    start = np.sqrt(drawn.coefficients(0.9))
    rate, noise = 0.01, 1.0
    path = model.sgd(
        PROBLEM,
        schedule=schedules.constant(rate),
        num_steps=50_000,
        batch_size=2,
        label_noise=noise,
        weights=model.Weights(start, np.zeros(3)),
        seeds=range(24),
        record=range(5000, 50_001, 5000),
    )
    measured = drawn.decay_position(path.weights.p)
    predicted = drawn.slow_position(0.9, path.steps * rate**2, label_noise=noise, batch_size=2)
    # first order in eta; 24 replicas
    np.testing.assert_allclose(np.exp(np.log(measured).mean(axis=1)), predicted, rtol=0.04)
    assert predicted[-1] < 0.8


def test_late_rate_is_the_exponent():
    t = drawn.slow_position(0.5, np.array([100.0, 101.0]), label_noise=1.0, batch_size=1)
    kappa = theory.kappa_star(PROBLEM.X, PROBLEM.beta_true).kappa
    assert np.log(t[0] / t[1]) == pytest.approx(1 - kappa, rel=1e-12)


def test_refuses():
    with pytest.raises(ValueError, match="`weights` must end in 3 entries, none of them 0"):
        drawn.decay_position([1.0, 0.0, 1.0])
    with pytest.raises(ValueError, match="`weights` must be finite"):
        drawn.decay_position([1.0, np.nan, 1.0])
