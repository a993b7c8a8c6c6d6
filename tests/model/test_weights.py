import numpy as np
import pytest

from lrdecay_core.model import Weights


def some(seed=0, shape=(3, 5)):
    draw = np.random.default_rng(seed)
    return Weights(draw.standard_normal(shape), draw.standard_normal(shape))


def test_both_coordinates_describe_the_same_weights():
    w = some()
    np.testing.assert_allclose(w.beta, w.u * w.v, atol=1e-15)
    np.testing.assert_allclose(w.norm_squared, (w.u**2 + w.v**2).sum(-1), rtol=1e-14)
    back = Weights.from_uv(w.u, w.v)
    np.testing.assert_allclose([back.p, back.m], [w.p, w.m], atol=1e-15)


def test_scale_and_phi_are_the_polar_coordinates():
    w = some(1)
    a, phi = np.exp(w.log_scale), w.phi
    np.testing.assert_allclose(w.beta, a * np.sinh(phi), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(w.magnitude, a * np.cosh(phi), rtol=1e-13)
    np.testing.assert_allclose(4 * w.p * w.m, w.u**2 - w.v**2, atol=1e-14)
    back = Weights.from_scale(w.log_scale, phi)
    np.testing.assert_allclose([back.p, back.m], np.abs([w.p, w.m]), rtol=1e-14)


def test_small_scales_do_not_underflow():
    w = Weights.from_scale(np.full(4, -345.0), np.linspace(-345, 345, 4))
    np.testing.assert_allclose(w.log_scale, -345, rtol=1e-14)
    np.testing.assert_allclose(w.phi, np.linspace(-345, 345, 4), rtol=1e-13)


def test_norm_is_least_when_balanced():
    w = some(2)
    least = 2 * np.abs(w.beta).sum(-1)
    assert (w.norm_squared > least).all()
    balanced = Weights(np.sqrt(np.maximum(w.beta, 0)), np.sqrt(np.maximum(-w.beta, 0)))
    np.testing.assert_allclose(balanced.norm_squared, least, rtol=1e-14)


def test_exact_zeros_are_minus_infinity_not_an_error():
    w = Weights([0.0, 1.0, 0.0], [1.0, 0.0, 0.0])
    np.testing.assert_array_equal(w.log_scale, -np.inf)
    np.testing.assert_array_equal(w.phi, [-np.inf, np.inf, np.nan])


def test_refuses_two_shapes():
    with pytest.raises(ValueError, match="`p` and `m` must share one shape"):
        Weights(np.ones(3), np.ones(4))
