import numpy as np
import pytest

from lrdecay_core import schedules
from lrdecay_core.model import MatrixProblem, batches, kernels, matrix, matrix_sgd

PROBLEM = MatrixProblem.low_rank(size=4, rank=1, num_samples=10, seed=1)
SETTING = {"batch_size": 3, "label_noise": 0.7, "init_scale": 0.8}


def run(**changes):
    setting = {"schedule": schedules.constant(0.05), "num_steps": 40, "seeds": [3, 5], **SETTING, **changes}
    return matrix_sgd(PROBLEM, **setting)


def by_hand(seed, steps, rate, std):
    """One run, sample by sample, from the formula for the gradient of the loss in U and V."""
    U, V = 0.8 * np.eye(4), np.zeros((4, 4))
    chosen, noise = batches.draws(seed, steps, num_samples=10, batch_size=3)
    for k in range(steps):
        dU, dV = np.zeros((4, 4)), np.zeros((4, 4))
        for i, xi in zip(chosen[k], noise[k], strict=True):
            r = np.trace(PROBLEM.A[i].T @ U @ V.T) - PROBLEM.y[i] - std(k) * xi
            dU += r * PROBLEM.A[i] @ V / 3
            dV += r * PROBLEM.A[i].T @ U / 3
        U, V = U - rate(k) * dU, V - rate(k) * dV
    return U, V


@pytest.mark.parametrize("compiled", [False, kernels.COMPILED])
def test_runs_are_the_formula_under_any_schedule(compiled):
    rate = schedules.cosine(learning_rate=0.1, num_steps=40)
    std = schedules.switched_off(0.7, step=25)
    path = run(schedule=rate, label_noise=std, record=[0, 17, 40], compiled=compiled)
    assert path.U.shape == (3, 2, 4, 4)
    for r, seed in enumerate((3, 5)):
        for k, steps in enumerate((0, 17, 40)):
            U, V = by_hand(seed, steps, rate, std)
            np.testing.assert_allclose(path.U[k, r], U, atol=1e-13)  # sums in another order
            np.testing.assert_allclose(path.V[k, r], V, atol=1e-13)
    np.testing.assert_allclose(path.product[2, 1], path.U[2, 1] @ path.V[2, 1].T, atol=1e-15)


def test_a_run_is_the_same_alone_or_among_others():
    both = run(schedule=schedules.constant(np.array([0.05, 0.02])), label_noise=np.array([0.7, 0.0]))
    alone = run(schedule=schedules.constant(0.02), label_noise=0.0, seeds=[5])
    np.testing.assert_array_equal(both.U[:, 1:], alone.U)


def test_one_step_changes_the_imbalance_by_the_identity():
    path = run(num_steps=6, record=[5, 6])
    (U, V), (after_U, after_V) = ((path.U[k], path.V[k]) for k in (0, 1))
    chosen, noise = batches.draws(3, 6, num_samples=10, batch_size=3)
    a = PROBLEM.A[chosen[5]]
    G = np.tensordot(np.tensordot(a, U[0] @ V[0].T) - PROBLEM.y[chosen[5]] - 0.7 * noise[5], a, axes=1) / 3
    change = 0.05**2 * (V[0].T @ G.T @ G @ V[0] - U[0].T @ G @ G.T @ U[0])
    found = matrix.imbalance(after_U, after_V)[0] - matrix.imbalance(U, V)[0]
    np.testing.assert_allclose(found, change, atol=1e-14)
    assert np.abs(change).max() > 1e-5  # so that the check can fail


def test_imbalance_falls_on_the_clock_of_the_sum_of_squares():
    rate = 0.02
    steps = round(3 / (0.7 * rate) ** 2)  # (sigma^2 / B) eta^2 T = 1
    path = run(schedule=schedules.constant(rate), num_steps=steps, seeds=range(32))
    shrunk = np.einsum("rii->r", matrix.imbalance(path.U[0], path.V[0])).mean() / (4 * 0.8**2)
    # the residuals' own noise takes a first-order share more, some percent at this rate; 32 runs leave 2 percent
    assert shrunk == pytest.approx(np.exp(-1), rel=0.1)
    silent = run(schedule=schedules.constant(rate), num_steps=steps, label_noise=0.0)
    assert np.einsum("rii->r", matrix.imbalance(silent.U[0], silent.V[0])).min() > 0.97 * 4 * 0.8**2


def test_divergence_is_nan_and_leaves_others_alone():
    path = run(schedule=schedules.constant(np.array([50.0, 0.05])), num_steps=200)
    assert np.isnan(path.U[0, 0]).all()
    assert np.isfinite(path.U[0, 1]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 11}, "`batch_size` must be a whole number"),
        ({"seeds": []}, "`seeds` must hold at least one seed"),
        ({"init_scale": 0.0}, "`init_scale` must be a finite number above 0"),
        ({"record": [5, 41]}, "`record"),
        ({"label_noise": -1.0}, "`label_noise` must be 0 or above"),
        ({"schedule": schedules.constant(np.ones(3))}, "`schedule` must give one value for all runs"),
    ],
)
def test_bad_input_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        run(**changes)
