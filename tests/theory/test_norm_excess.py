import cvxpy
import numpy as np
import pytest

from lrdecay_core import solvers, theory
from lrdecay_core.model import Problem


@pytest.mark.parametrize("seed", range(5))
def test_bound_holds_with_and_without_uniqueness(seed):
    problem = Problem.sparse(num_samples=6, num_features=15, sparsity=2, seed=seed, label_errors=0.2)
    X = problem.X.copy()
    X[:, 14] = (X[:, 0] + X[:, 1]) / 2  # a column that ties: many solutions of least norm
    draw = np.random.default_rng(seed)
    logs = np.linspace(0, -300, 50)[:, None] - 0.5 * draw.random((50, 15))
    centre = 0.3 * draw.standard_normal((50, 15))
    b = solvers.entropy_projection(X, problem.y, logs, centre).solution
    excess = np.abs(b).sum(axis=1) - solvers.basis_pursuit(X, problem.y).value
    bound = theory.norm_excess_bound(X, problem.y, logs, centre)
    assert np.isinf(bound[0])  # at a = 1 the theorem says nothing
    assert np.isfinite(bound[-1])
    assert (excess <= bound).all()
    assert (excess >= -1e-11).all()  # rounding of exponents of 300
    assert (np.diff(bound[5:]) < 0.05).all()


def test_ties_are_broken_by_entropy():
    X, y = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]]), np.array([1.0, 1.0])
    b = solvers.entropy_projection(X, y, np.full(3, -200.0), np.zeros(3)).solution
    np.testing.assert_allclose(b, 2 / 3, atol=1e-12)  # the maximum-entropy point of a segment of minimisers


def test_refuses_zero_labels():
    with pytest.raises(ValueError, match="`y` must not be 0"):
        theory.norm_excess_bound([[1.0, 1.0]], [0.0], np.zeros(2), np.zeros(2))


def stretched(seed):
    draw = np.random.default_rng(seed)
    plain = Problem.dense(num_samples=6, num_features=15, seed=seed, magnitudes="power", exponent=1.0)
    return plain.X * draw.uniform(0.3, 1.7, 15), plain.y


@pytest.mark.parametrize("seed", range(5))
def test_stretched_columns_lead_to_the_least_weighted_norm_and_not_to_the_plain_one(seed):
    X, y = stretched(seed)
    c, depths = (X**2).mean(axis=0), np.geomspace(0.5, 1000, 40)
    b = solvers.entropy_projection(X, y, np.log(2 * 0.3**2) - c * depths[:, None], np.zeros((40, 15))).solution
    weighted = solvers.basis_pursuit(X, y, weights=c)
    excess = np.abs(b) @ c - weighted.value
    bound = theory.weighted_norm_excess_bound(X, y, init_scale=0.3, depths=depths)
    assert (excess <= bound).all()
    assert (excess >= -1e-10).all()  # rounding of exponents of 1000
    assert bound[-1] < 0.01 * weighted.value  # and the bound says something
    plain = np.abs(b[-1]).sum() - solvers.basis_pursuit(X, y).value
    assert plain > 10 * excess[-1]


@pytest.mark.parametrize("seed", range(5))
def test_weighted_basis_pursuit_is_plain_basis_pursuit_of_rescaled_columns(seed):
    X, y = stretched(seed)
    c = (X**2).mean(axis=0)
    rescaled = solvers.basis_pursuit(X / c, y)
    # two linear programmes, each solved to the simplex method's 1e-9
    np.testing.assert_allclose(rescaled.solution / c, solvers.basis_pursuit(X, y, weights=c).solution, atol=1e-8)


def test_refuses_depths_of_nothing():
    with pytest.raises(ValueError, match="`depths` must be above 0"):
        theory.weighted_norm_excess_bound([[1.0, 1.0]], [1.0], init_scale=0.5, depths=[0.0, 1.0])


def problem(seed):
    X = Problem.sparse(num_samples=20, num_features=40, sparsity=3, seed=seed).X
    truth = np.zeros(40)
    truth[:3] = 1, -0.5, 2
    return X, truth


def unique(seeds):
    return [s for s in seeds if theory.kappa_star(*problem(s)).kappa < 0.95]


@pytest.mark.parametrize("seed", range(3))
def test_kappa_against_a_conic_solver(seed):
    X, truth = problem(seed)
    dual = cvxpy.Variable(20)
    slopes = X.T @ dual
    least = cvxpy.Problem(cvxpy.Minimize(cvxpy.norm_inf(slopes[3:])), [slopes[:3] == np.sign(truth[:3])])
    found = theory.kappa_star(X, truth)
    assert found.kappa == pytest.approx(least.solve(solver=cvxpy.CLARABEL), rel=1e-6)  # its default gap is 1e-8
    np.testing.assert_allclose(found.certificate @ X[:, :3], np.sign(truth[:3]), atol=1e-12)
    assert np.abs(found.certificate @ X[:, 3:]).max() == pytest.approx(found.kappa, abs=1e-12)


@pytest.mark.parametrize("seed", unique(range(6)))
@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_exponent_is_sharp(seed, spread):
    X, truth = problem(seed)
    draw = np.random.default_rng(seed)
    rho, centre = spread * draw.standard_normal((2, 40))
    kappa = theory.kappa_star(X, truth).kappa
    # from where powers of a have separated down to where |b - beta| = 1e-11 is still above rounding
    logs = np.linspace(-18, -24, 7) / (1 - kappa)
    found = solvers.entropy_projection(X, X @ truth, logs[:, None] + rho, centre)
    off = np.log(np.abs(found.solution[:, 3:]).sum(axis=1))
    slope = np.polyfit(logs, off, 1)[0]
    assert slope == pytest.approx(1 - kappa, abs=0.02)  # corrections are smaller powers of a


@pytest.mark.parametrize("seed", unique(range(6)))
def test_bound_is_never_crossed_and_not_idle(seed):
    X, truth = problem(seed)
    draw = np.random.default_rng(seed)
    logs = np.linspace(1, -30, 60)[:, None] + 0.5 * draw.standard_normal((60, 40))
    centre = 0.3 * draw.standard_normal((60, 40))
    logs[:30], centre[:30] = logs[:30, :1], 0  # half of them uniform
    b = solvers.entropy_projection(X, X @ truth, logs, centre).solution
    bound = theory.deviation_bound(X, truth, logs, centre)
    rounding = 1e-13
    assert (np.abs(b[:, 3:]).sum(axis=1) <= bound.off_support + rounding).all()
    assert (np.abs(b[:, :3] - truth[:3]).sum(axis=1) <= bound.on_support + rounding).all()
    assert (((b - truth) ** 2).sum(axis=1) / 2 <= bound.test_loss + rounding).all()
    uniform = theory.deviation_bound(
        X, truth, np.full(40, -80.0 / (1 - theory.kappa_star(X, truth).kappa)), np.zeros(40)
    )
    assert uniform.test_loss < 1e-20  # it falls with the scale, so it can certify


def test_bound_pays_for_an_uneven_start():
    # one coordinate far ahead of the others (e^8 > d - s = 37): only the theta term covers it
    X, truth = problem(unique(range(6))[0])
    centre = np.zeros((37, 40))
    centre[np.arange(37), np.arange(3, 40)] = 8.0
    logs = np.full((37, 40), -60.0)
    for rho, phi in ((logs, centre), (logs + centre, 0 * centre)):
        off = np.abs(solvers.entropy_projection(X, X @ truth, rho, phi).solution[:, 3:]).sum(axis=1)
        even = theory.deviation_bound(X, truth, logs, 0 * centre).off_support
        assert (off <= theory.deviation_bound(X, truth, rho, phi).off_support).all()
        assert (off > even).any()


def test_deep_scales_do_not_overflow():
    X, truth = problem(0)
    bound = theory.deviation_bound(X, truth, np.array([[-2000.0], [-300.0]]) * np.ones(40), np.zeros(40))
    assert np.isfinite(bound.test_loss).all()


def test_drawable_instance():
    fitted = Problem.three_dimensional()
    assert theory.kappa_star(fitted.X, fitted.beta_true).kappa == pytest.approx(np.sqrt(2) - 1, abs=1e-12)


def test_refuses_a_truth_that_basis_pursuit_does_not_find():
    X, _ = problem(0)
    dense = np.ones(40)
    with pytest.raises(ValueError, match="no dual point has its signs"):
        theory.kappa_star(X, dense)
    some = np.zeros(40)
    some[:15] = (-1.0) ** np.arange(15)
    with pytest.raises(ValueError, match="needs kappa\\* < 1, got"):
        theory.deviation_bound(X, some, np.zeros(40), np.zeros(40))
    with pytest.raises(ValueError, match="`beta_true` must have a non-zero entry"):
        theory.kappa_star(X, np.zeros(40))
