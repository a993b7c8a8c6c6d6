import numpy as np
import torch

from lrdecay_core.model import dense


def test_sample_weights_add_up_repeats():
    indices = torch.tensor([[[0, 2, 2]], [[1, 1, 1]]])
    counts = dense.sample_weights(indices, None, 4)
    np.testing.assert_array_equal(counts, [[[1, 0, 2, 0]], [[0, 3, 0, 0]]])
    values = torch.tensor([[[0.5, 1.0, -3.0]], [[1.0, 2.0, 4.0]]], dtype=torch.float64)
    np.testing.assert_array_equal(dense.sample_weights(indices, values, 4), [[[0.5, 0, -2, 0]], [[0, 7, 0, 0]]])


def test_steps_against_a_loop_over_samples():
    draw = np.random.default_rng(0)
    K, R, n, d, B = 30, 3, 5, 8, 2
    X, y = draw.standard_normal((n, d)), draw.standard_normal(n)
    p, m = draw.uniform(0.3, 0.8, (R, d)), draw.uniform(0.3, 0.8, (R, d))
    indices, noise = draw.integers(n, size=(K, R, B)), draw.standard_normal((K, R, B))
    rates = draw.uniform(0.01, 0.03, R)
    state = dense.State.start(p, m, n)
    share = torch.from_numpy(rates / B)[:, None]
    pull = dense.sample_weights(torch.from_numpy(indices), None, n) * share
    push = dense.sample_weights(torch.from_numpy(indices), torch.from_numpy(noise), n) * share
    pointers = [t.data_ptr() for t in (state.p, state.m, state.moved)]
    dense.advance(state, torch.from_numpy(X), torch.from_numpy(y), pull, push)
    assert pointers == [t.data_ptr() for t in (state.p, state.m, state.moved)]  # nothing is allocated for the state

    moved = np.zeros((R, d))
    for k in range(K):
        for r in range(R):
            beta = p[r] ** 2 - m[r] ** 2
            g = np.zeros(d)
            for i, xi in zip(indices[k, r], noise[k, r], strict=True):
                g += X[i] * (X[i] @ beta - y[i] - xi) / B
            h = rates[r] * g
            p[r], m[r] = p[r] * (1 - h), m[r] * (1 + h)
            moved[r] += h
    # thirty contracting steps, each rounding at 1e-16 times a few terms
    np.testing.assert_allclose(state.p, p, atol=1e-13)
    np.testing.assert_allclose(state.m, m, atol=1e-13)
    np.testing.assert_allclose(state.moved @ torch.from_numpy(X), moved, atol=1e-13)
