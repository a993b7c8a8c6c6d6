import numpy as np
import pytest
from scipy.interpolate import BarycentricInterpolator

from lrdecay_core.landscape import chebyshev


def test_nodes_are_chebyshevs_on_the_interval():
    found = chebyshev.nodes(-3.0, 5.0, 9)
    assert found[0] == -3
    assert found[-1] == 5
    np.testing.assert_allclose(found, 1 - 4 * np.polynomial.chebyshev.chebpts2(9)[::-1], rtol=0, atol=1e-15 * 5)


@pytest.mark.parametrize("num", [3, 4, 24])
def test_matrix_interpolates_as_scipy_does(num):
    nodes = chebyshev.nodes(-1, 1, num)
    values = np.exp(np.sin(5 * nodes))
    at = np.concatenate([np.linspace(-1, 1, 40), nodes])
    expected = BarycentricInterpolator(nodes, values)(at)
    # interpolation amplifies rounding by the Lebesgue constant, about 3 for 24 nodes
    np.testing.assert_allclose(chebyshev.matrix(at, num) @ values, expected, rtol=0, atol=1e-13)


def test_polynomials_are_exact_and_nodes_are_hit():
    at = np.random.default_rng(0).uniform(-1, 1, 50)
    nodes = chebyshev.nodes(-1, 1, 8)
    np.testing.assert_allclose(chebyshev.matrix(at, 8) @ nodes**7, at**7, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(chebyshev.matrix(nodes, 8), np.eye(8))


def test_error_falls_exponentially_for_a_smooth_function():
    at = np.linspace(-1, 1, 101)
    errors = [
        np.abs(chebyshev.matrix(at, m) @ np.exp(chebyshev.nodes(-1, 1, m)) - np.exp(at)).max() for m in (4, 8, 12)
    ]
    assert errors[1] < 1e-3 * errors[0]
    assert errors[2] < 1e-3 * errors[1]
