import importlib
import sys

import numpy as np
import pytest

from lrdecay_core.model import batches, kernels


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("noise", batches.NOISES)
@pytest.mark.parametrize("B", [1, 3, 4, 5, 8])
def test_the_step_against_a_loop_over_samples(replacement, noise, B):
    draw = np.random.default_rng(0)
    K, R, n, d, begin = 20, 3, 9, 11, 5
    X, y = draw.standard_normal((n, d)), draw.standard_normal(n)
    p, m, moved = draw.uniform(0.3, 0.8, (R, d)), draw.uniform(0.3, 0.8, (R, d)), np.zeros((R, n))
    share, loud = draw.uniform(0.001, 0.005, (K, R)), draw.uniform(0.001, 0.005, (K, R))
    loud[:, 2] = 0.0  # a run without label noise
    expected_p, expected_m, expected_moved = p.copy(), m.copy(), moved.copy()
    for r, seed in enumerate((4, 9, 4)):
        indices, xi = batches.draws(seed, begin + K, num_samples=n, batch_size=B, replacement=replacement, noise=noise)
        for k in range(K):
            beta, step = expected_p[r] ** 2 - expected_m[r] ** 2, np.zeros(d)
            for i, error in zip(indices[begin + k], xi[begin + k], strict=True):
                effect = share[k, r] * (X[i] @ beta - y[i]) - loud[k, r] * error
                expected_moved[r, i] += effect
                step += effect * X[i]
            expected_p[r], expected_m[r] = expected_p[r] * (1 - step), expected_m[r] * (1 + step)
    pointers = [a.ctypes.data for a in (p, m, moved)]
    keys = batches.keys([4, 9, 4], noise).numpy().view(np.uint64)
    kernels.advance(p, m, moved, X, y, keys, begin, share, loud, B, replacement, noise == "gaussian")
    assert pointers == [a.ctypes.data for a in (p, m, moved)]
    # twenty contracting steps, each rounding at 1e-16 times a few terms
    np.testing.assert_allclose(p, expected_p, rtol=0, atol=1e-13)
    np.testing.assert_allclose(m, expected_m, rtol=0, atol=1e-13)
    np.testing.assert_allclose(moved, expected_moved, rtol=0, atol=1e-13)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("B", [3, 4])
def test_what_is_not_finite_stays_so(bad, B):
    """A compiler told that NaN and infinity do not occur may return anything for them."""
    p, m, moved = np.full((2, 6), 0.5), np.full((2, 6), 0.5), np.zeros((2, 5))
    p[1, 2] = bad
    X, y = np.random.default_rng(0).standard_normal((5, 6)), np.ones(5)
    keys = batches.keys([1, 2], "rademacher").numpy().view(np.uint64)
    share = np.full((4, 2), 0.01)
    kernels.advance(p, m, moved, X, y, keys, 0, share, share, B, False, False)
    assert np.isnan(p[1]).all()
    assert np.isfinite(p[0]).all()


def test_the_compiler_may_reorder_sums_but_not_assume_finite_numbers():
    assert not kernels.advance.targetoptions["fastmath"] - {"reassoc", "contract", "nsz"}


def test_without_numba_the_tensor_engine_takes_over_and_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    source = importlib.util.find_spec("lrdecay_core.model.kernels")
    module = importlib.util.module_from_spec(source)
    with pytest.warns(UserWarning, match="numba is absent: SGD takes the tensor engine"):
        source.loader.exec_module(module)
    assert not module.COMPILED
