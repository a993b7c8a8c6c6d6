import numpy as np

from lrdecay_core import model, schedules


def test_derived_quantities_are_those_of_the_recorded_weights():
    problem = model.Problem.sparse(num_samples=5, num_features=9, sparsity=2, seed=1)
    path = model.sgd(
        problem, schedule=schedules.constant(0.02), num_steps=6, batch_size=2, label_noise=0.5, init_scale=0.4,
        seeds=[3, 8], record=[0, 2, 6],
    )  # fmt: skip
    u, v = path.weights.u, path.weights.v
    assert path.beta.shape == (3, 2, 9)
    # u v and p^2 - m^2 are rounded differently
    np.testing.assert_allclose(path.beta, u * v, rtol=0, atol=1e-15)
    np.testing.assert_allclose(path.norm_squared, (u**2 + v**2).sum(-1), rtol=1e-14)
    np.testing.assert_array_equal(path.final.p, path.weights.p[-1])
