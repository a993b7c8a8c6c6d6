import numpy as np
import pytest

from lrdecay_core.experiments.model import geometry


@pytest.mark.parametrize(("n", "d"), [(3, 9), (6, 11)])
def test_the_manifold_theorem_holds_at_random_points(n, d):
    found = geometry.geometry(num_samples=n, num_features=d, sparsity=1, num_points=5)
    assert set(found.rank) == {n}
    assert found.dimension == 2 * d - n
    assert max(found.off_manifold, found.hessian, found.spectrum, found.trace, found.round_trip) < 1e-11
    assert found.end_rank == 1  # singular: s < n


def test_a_wrong_trace_would_show(monkeypatch):
    from lrdecay_core.model import Weights

    monkeypatch.setattr(Weights, "norm_squared", property(lambda w: 2.001 * w.magnitude.sum(axis=-1)))
    assert geometry.geometry(num_samples=3, num_features=8, sparsity=1, num_points=2).trace > 1e-4


def test_one_step_moves_the_valley_coordinates_at_orders_one_two_three():
    found = geometry.increments(runs=8)
    np.testing.assert_allclose(found.slopes, [1, 2, 3], atol=0.02)  # the next order is a few percent of eta g
    assert found.sizes.shape == (3, 4, 8)


def test_description_names_the_singular_end_point():
    text = geometry.describe_geometry(geometry.geometry(num_samples=4, num_features=9, sparsity=1, num_points=3))
    assert "at 3 random points" in text
    assert "| 1: the singular end point |" in text
