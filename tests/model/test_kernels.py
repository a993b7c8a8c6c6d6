import importlib
import sys

import numpy as np
import pytest

from lrdecay_core.model import batches, kernels


def test_the_step_against_a_loop_over_samples():
    draw = np.random.default_rng(0)
    K, R, S, n, d, B = 20, 3, 2, 5, 9, 3
    X, y = draw.standard_normal((n, d)), draw.standard_normal(n)
    p, m, moved = draw.uniform(0.3, 0.8, (R, d)), draw.uniform(0.3, 0.8, (R, d)), np.zeros((R, n))
    stream, indices, noise = np.array([1, 0, 1]), draw.integers(n, size=(S, K, B)), draw.standard_normal((S, K, B))
    share, loud = draw.uniform(0.003, 0.01, (K, R)), draw.uniform(0.003, 0.01, (K, R))
    expected_p, expected_m, expected_moved = p.copy(), m.copy(), moved.copy()
    for k in range(K):
        for r in range(R):
            beta, step = expected_p[r] ** 2 - expected_m[r] ** 2, np.zeros(d)
            for i, xi in zip(indices[stream[r], k], noise[stream[r], k], strict=True):
                effect = share[k, r] * (X[i] @ beta - y[i]) - loud[k, r] * xi
                expected_moved[r, i] += effect
                step += effect * X[i]
            expected_p[r], expected_m[r] = expected_p[r] * (1 - step), expected_m[r] * (1 + step)
    pointers = [a.ctypes.data for a in (p, m, moved)]
    kernels.advance(p, m, moved, X, y, stream, indices, noise, share, loud)
    assert pointers == [a.ctypes.data for a in (p, m, moved)]
    # twenty contracting steps, each rounding at 1e-16 times a few terms
    np.testing.assert_allclose(p, expected_p, rtol=0, atol=1e-13)
    np.testing.assert_allclose(m, expected_m, rtol=0, atol=1e-13)
    np.testing.assert_allclose(moved, expected_moved, rtol=0, atol=1e-13)


@pytest.mark.parametrize(("batch_size", "num_samples"), [(1, 2), (3, 7), (6, 7), (8, 200)])
def test_the_shuffle_equals_its_plain_twin(batch_size, num_samples):
    draw = np.random.default_rng(1)
    partners = np.array([draw.integers(j, num_samples, size=50) for j in range(batch_size)])
    np.testing.assert_array_equal(kernels.exchange(partners, num_samples), batches.exchange(partners, num_samples))


def test_without_numba_the_tensor_engine_takes_over_and_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    source = importlib.util.find_spec("lrdecay_core.model.kernels")
    module = importlib.util.module_from_spec(source)
    with pytest.warns(UserWarning, match="numba is absent: SGD takes the tensor engine"):
        source.loader.exec_module(module)
    assert not module.COMPILED
