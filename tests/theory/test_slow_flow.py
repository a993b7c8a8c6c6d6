import numpy as np
import pytest
from scipy.integrate import solve_ivp

from lrdecay_core import model, schedules, solvers, theory
from lrdecay_core.model import Problem, Weights, manifold

SETTING = {"init_scale": 0.5, "label_noise": 2.0, "batch_size": 4}


def problem(seed=0):
    return Problem.sparse(num_samples=20, num_features=40, sparsity=3, seed=seed)


@pytest.mark.parametrize("scale", [1.0, 1.2])
def test_leading_order_is_the_label_noise_flow(scale):
    # E1: dw/dtau = -(sigma^2 / 2B) P_T w under normalised columns; in general P_T of (chi_j w_j)
    small = Problem.sparse(num_samples=5, num_features=11, sparsity=2, seed=1)
    small = Problem(small.X * np.linspace(1, scale, 11), small.y)
    v = small.column_weights
    start = solvers.entropy_projection(small.X, small.y, np.full(11, np.log(0.5)), np.zeros(11))
    w = Weights.from_scale(np.full(11, np.log(0.5)), start.multiplier @ small.X)

    def velocity(_, flat):
        here = Weights(*np.split(flat, 2))
        tangent = manifold.tangent_part(small, here, Weights(v * here.p, v * here.m))
        return -0.5 * np.concatenate([tangent.p, tangent.m])  # sigma^2 / B = 1

    times = np.array([0.5, 2.0, 4.0])
    flow = solve_ivp(
        velocity, (0, 4), np.concatenate([w.p, w.m]), t_eval=times, method="DOP853", rtol=1e-12, atol=1e-14
    )
    beta = theory.slow_flow(small.X, small.y, init_scale=0.5, slow_times=times, label_noise=2.0, batch_size=4)
    np.testing.assert_allclose(flow.y[:11].T ** 2 - flow.y[11:].T ** 2, beta, atol=1e-9)  # the ODE solver's 1e-12 grows


def test_ends_at_basis_pursuit_or_its_weighted_form():
    base = problem(1)
    stretched = np.where(base.beta_true != 0, 6.0, np.linspace(0.4, 1.6, 40))  # dear to the columns of the truth
    for X in (base.X, base.X * stretched):
        y = X @ base.beta_true
        v = (X**2).mean(axis=0)
        plain, weighted = solvers.basis_pursuit(X, y), solvers.basis_pursuit(X, y, weights=v)
        end = theory.slow_flow(X, y, slow_times=[2000.0], **SETTING)[0]
        # the deviation is a power of a = e^-2000: what is left is rounding of exponents of that size
        np.testing.assert_allclose(end, weighted.solution, atol=1e-10)
    assert np.abs(plain.solution - weighted.solution).max() > 0.1  # so the two limits can be told apart


@pytest.mark.parametrize("rate", [0.04, 0.02])
def test_first_order_curve_meets_sgd_where_leading_order_misses(rate):
    fitted = problem()
    steps = np.unique(np.linspace(0.5, 5, 8) / rate**2).astype(int)
    path = model.sgd(
        fitted,
        schedule=schedules.constant(rate),
        num_steps=int(steps[-1]),
        batch_size=4,
        label_noise=2.0,
        init_scale=0.5,
        seeds=range(24),
        record=steps,
    )
    limits = theory.late_decay_limit(fitted.X, fitted.y, path.log_scale, path.centre)
    measured = np.exp(np.log(fitted.test_loss(limits)).mean(axis=1))
    times = steps * rate**2
    leading = fitted.test_loss(theory.slow_flow(fitted.X, fitted.y, slow_times=times, **SETTING))
    corrected = fitted.test_loss(theory.slow_flow(fitted.X, fitted.y, slow_times=times, learning_rate=rate, **SETTING))
    # the next order is eta^2; fluctuations of 24 replicas are about 1 percent at these rates
    assert np.abs(measured / corrected - 1).max() < (0.06 if rate == 0.04 else 0.03)
    assert np.abs(measured / leading - 1).max() > 0.1


def test_correction_vanishes_linearly_with_the_rate():
    fitted = problem()
    times = [1.0, 3.0]
    leading = theory.slow_log_scale(fitted.X, fitted.y, slow_times=times, **SETTING)
    off = [
        np.abs(theory.slow_log_scale(fitted.X, fitted.y, slow_times=times, learning_rate=rate, **SETTING) - leading)
        for rate in (0.002, 0.001)
    ]
    np.testing.assert_allclose(off[0] / off[1], 2, rtol=0.01)  # relative corrections of order eta remain


def test_phase_one_offset_against_noiseless_small_steps():
    # without label noise all of the change of log a is the offset, -eta int E_B[g^2] dt, up to O(eta^2)
    fitted, rate = problem(), 0.002
    path = model.sgd(
        fitted,
        schedule=schedules.constant(rate),
        num_steps=40_000,
        batch_size=2,
        init_scale=0.5,
        seeds=range(60),
    )
    predicted = theory.slow_log_scale(
        fitted.X,
        fitted.y,
        init_scale=0.5,
        slow_times=[1e-9],
        label_noise=0.0,
        batch_size=2,
        learning_rate=rate,
    )[0] - np.log(0.5)
    measured = (path.log_scale[-1] - np.log(0.5)).mean(axis=0)
    # 60 runs: the mean of each coordinate is known to a few percent
    np.testing.assert_allclose(measured.sum(), predicted.sum(), rtol=0.03)
    np.testing.assert_allclose(measured, predicted, rtol=0.3)


def test_refuses():
    fitted = problem()
    for times in ([], [1.0, 1.0], [-1.0]):
        with pytest.raises(ValueError, match="`slow_times` must be 0 or above and increase"):
            theory.slow_flow(fitted.X, fitted.y, slow_times=times, **SETTING)
    with pytest.raises(ValueError, match="`batch_size` must be"):
        theory.slow_flow(fitted.X, fitted.y, slow_times=[1.0], **{**SETTING, "batch_size": 21})
    with pytest.raises(ValueError, match="`learning_rate` must be"):
        theory.slow_flow(fitted.X, fitted.y, slow_times=[1.0], learning_rate=0.0, **SETTING)
    with pytest.raises(ValueError, match="`init_scale` must be"):
        theory.slow_flow(fitted.X, fitted.y, slow_times=[1.0], **{**SETTING, "init_scale": -1})
