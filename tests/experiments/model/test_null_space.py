import numpy as np
from scipy import linalg

from lrdecay_core import model
from lrdecay_core.experiments.model import null_space


def test_null_space_constant_bounds_every_direction():
    problem = model.Problem.sparse(num_samples=6, num_features=9, sparsity=2, seed=0)
    rho = null_space.null_space_constant(problem.X, np.array([0, 1]))
    h = linalg.null_space(problem.X) @ np.random.default_rng(0).normal(size=(3, 20000))
    ratios = np.abs(h[:2]).sum(axis=0) / np.abs(h[2:]).sum(axis=0)
    assert ratios.max() <= rho * (1 + 1e-9)
    assert ratios.max() > 0.95 * rho  # 20,000 directions in a plane of three come close


def test_the_error_bound_holds():
    used = null_space.error_bound_used(3)
    assert np.nanmax(used) <= 1
