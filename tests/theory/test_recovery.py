import numpy as np
import pytest

from lrdecay_core import solvers, theory


@pytest.mark.parametrize(("d", "s"), [(40, 3), (100, 4), (1000, 10), (30, 30), (20, 15)])
def test_width_against_a_monte_carlo_of_its_definition(d, s):
    draw = np.random.default_rng(0)
    g = np.abs(draw.standard_normal(200_000))
    widths = [s * (1 + t * t) + (d - s) * (np.maximum(g - t, 0) ** 2).mean() for t in np.linspace(0, 4, 161)]
    assert theory.width_squared(d, s) == pytest.approx(min(widths), rel=0.02)  # 200000 draws of a tail moment
    assert theory.width_squared(d, s) <= 2 * s * np.log(d / s) + 1.16 * s


def test_probability_and_sample_size_are_inverse():
    for failure in (0.5, 0.05, 1e-3):
        n = theory.sample_size(100, 4, failure=failure)
        assert theory.recovery_probability(n, 100, 4) >= 1 - failure
        assert theory.recovery_probability(n - 1, 100, 4) < 1 - failure
    assert theory.recovery_probability(5, 100, 4) == 0.0


def test_basis_pursuit_recovers_at_the_promised_size():
    draw, truth = np.random.default_rng(1), np.zeros(60)
    truth[:3] = 1, -1, 1
    n, found = theory.sample_size(60, 3), 0
    for _ in range(40):
        X = draw.standard_normal((n, 60))
        found += np.abs(solvers.basis_pursuit(X, X @ truth).solution - truth).max() < 1e-8
    assert found >= 36  # 95 percent is promised; fewer than 36 of 40 would be a 1-in-50 event even at exactly that


def test_refuses():
    with pytest.raises(ValueError, match="`sparsity` must be"):
        theory.width_squared(5, 6)
    with pytest.raises(ValueError, match="`failure` must be"):
        theory.sample_size(10, 2, failure=0.0)
    with pytest.raises(ValueError, match="`failure` must be"):
        theory.sample_size(10, 2, failure=1.0)
