import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

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


def ingredients(K=3, R=4, n=5, d=8):
    draw = np.random.default_rng(0)
    X, y, pull, push = (torch.from_numpy(draw.uniform(0.01, 0.1, s)) for s in ((n, d), n, (K, R, n), (K, R, n)))
    return dense.State.start(np.full((R, d), 0.5), np.full((R, d), 0.5), n), X, y, pull, push


@pytest.mark.parametrize(("R", "n", "d"), [(1, 2, 3), (40, 5, 8), (7, 30, 60)])
def test_kernels_per_step_do_not_depend_on_sizes(kernels, R, n, d):
    counts = []
    for K in (3, 13):
        with kernels() as counter:
            dense.advance(*ingredients(K, R, n, d))
        counts.append(counter.total)
    assert counts[1] - counts[0] == 10 * 9  # two matrix products and seven elementwise kernels a step, no waiting


def test_no_kernel_reserves_memory_as_steps_go_on(kernels):
    with kernels() as counter:
        dense.advance(*ingredients(K=20))
    made = {
        name: count for name, count in counter.counts.items() if name.startswith(("empty", "zeros", "new", "clone"))
    }
    assert sum(made.values()) <= 8, made  # state and scratch, once


def test_operations_grow_with_runs_features_and_samples():
    def flop(**sizes):
        with FlopCounterMode(display=False) as counter:
            dense.advance(*ingredients(**sizes))
        return counter.get_total_flops()

    base = {"K": 2, "R": 4, "n": 5, "d": 8}
    assert flop(**base) == 2 * 2 * (2 * 4 * 5 * 8)
    for name in base:
        assert flop(**{**base, name: 3 * base[name]}) == 3 * flop(**base)


def test_the_step_makes_no_tensor_on_another_device(cuda_replay):
    state, X, y, pull, push = ingredients()

    def step(p, m, moved, *rest):
        dense.advance(dense.State(p, m, moved), *rest)
        return p, m, moved

    plain = torch.func.functionalize(step)  # kernels that write into a buffer do not run on fake devices
    found = cuda_replay(plain, state.p, state.m, state.moved, X, y, pull, push)
    assert all(t.device.type == "cuda" for t in found)
    before = state.clone()
    with torch.device("meta"):  # poison: whatever does not name its device lands there
        dense.advance(state, X, y, pull, push)
        weights = dense.sample_weights(torch.zeros((1, 1, 2), dtype=torch.int64, device="cpu"), None, 5)
    assert weights.device.type == "cpu"
    assert (state.p != before.p).all()
