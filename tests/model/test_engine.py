import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lrdecay_core import model, schedules
from lrdecay_core.model import batches, engine, kernels
from lrdecay_core.model.engine import Engine

PROBLEM = model.Problem.sparse(num_samples=5, num_features=9, sparsity=2, seed=1)
BEGIN, STEPS = 7, 4


def test_steps_are_the_recursion_on_the_addressed_draws():
    """Against a loop over runs, steps and samples that draws its own numbers at the same addresses."""
    seeds = np.array([3, 8, 3])
    start = np.full((3, 9), 0.5)
    rates = np.linspace(0.01, 0.06, STEPS * 3).reshape(STEPS, 3)
    std = np.full((STEPS, 3), 0.7)
    state = engine.State.start(start, start, 5)
    keys = batches.keys(seeds, "gaussian")
    Engine(PROBLEM, batch_size=2, replacement=False, noise="gaussian").run(state, keys, BEGIN, rates, std)
    for r, seed in enumerate(seeds):
        chosen, noise = batches.draws(int(seed), BEGIN + STEPS, num_samples=5, batch_size=2, noise="gaussian")
        p, m = start[r].copy(), start[r].copy()
        for k in range(STEPS):
            g = np.zeros(9)
            for i, xi in zip(chosen[BEGIN + k], noise[BEGIN + k], strict=True):
                x = PROBLEM.X[i]
                g += x * (x @ (p**2 - m**2) - PROBLEM.y[i] - 0.7 * xi) / 2
            p, m = p * (1 - rates[k, r] * g), m * (1 + rates[k, r] * g)
        # Four steps in float64, sums in another order.
        np.testing.assert_allclose(state.p[r], p, rtol=0, atol=1e-14)
        np.testing.assert_allclose(state.m[r], m, rtol=0, atol=1e-14)


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("noise", batches.NOISES)
@pytest.mark.parametrize("std", [0.0, 0.6])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_the_two_engines_agree(monkeypatch, replacement, noise, std, batch_size):
    settings = {
        "schedule": schedules.step_decay(learning_rate=0.03, decay_step=np.array([40, 900, 1500]), decayed=0.004),
        "num_steps": 2100,
        "batch_size": batch_size,
        "label_noise": std,
        "noise": noise,
        "replacement": replacement,
        "init_scale": 0.5,
        "seeds": [4, 9, 4],
        "record": [40, 1024, 2100],
    }
    fast = model.sgd(PROBLEM, **settings)
    monkeypatch.setattr(kernels, "COMPILED", False)
    plain = model.sgd(PROBLEM, **settings)
    # sums in another order, 1e-16 a step, forgotten by the valley but along its floor, where 2100 of them add up
    np.testing.assert_allclose(fast.final.p, plain.final.p, rtol=0, atol=1e-12)
    np.testing.assert_allclose(fast.final.m, plain.final.m, rtol=0, atol=1e-12)
    np.testing.assert_allclose(fast.centre, plain.centre, rtol=0, atol=1e-12)


def test_chunks_of_sample_weights_change_nothing(monkeypatch):
    seeds = np.array([3, 8])
    rates, std = np.full((10, 2), 0.03), np.linspace(0.2, 0.9, 20).reshape(10, 2)

    def end():
        state = engine.State.start(np.full((2, 9), 0.5), np.full((2, 9), 0.5), 5)
        steps = Engine(PROBLEM, batch_size=2, replacement=False, noise="gaussian")
        steps.run(state, batches.keys(seeds, "gaussian"), BEGIN, rates, std)
        return state

    monkeypatch.setattr(kernels, "COMPILED", False)
    whole = end()
    monkeypatch.setattr(engine, "CHUNK_BYTES", 3 * 8 * 2 * 5)  # three steps of two runs and five samples
    parts = end()
    np.testing.assert_array_equal(whole.p, parts.p)
    np.testing.assert_array_equal(whole.m, parts.m)


def test_both_engines_see_the_same_divergence(monkeypatch):
    settings = {"batch_size": 2, "label_noise": 0.5, "init_scale": 0.5, "seeds": [1, 2], "num_steps": 300}
    rates = schedules.constant(np.array([0.03, 3.0]))
    fast = model.sgd(PROBLEM, schedule=rates, **settings)
    monkeypatch.setattr(kernels, "COMPILED", False)
    plain = model.sgd(PROBLEM, schedule=rates, **settings)
    assert fast.diverged_step[1] > 0
    np.testing.assert_array_equal(fast.diverged_step, plain.diverged_step)
    np.testing.assert_array_equal(fast.frozen_step, plain.frozen_step)


def test_the_engine_is_chosen_by_device_and_batch():
    def chosen(batch_size, device):
        return Engine(PROBLEM, batch_size=batch_size, replacement=False, noise="gaussian", device=torch.device(device))

    assert chosen(2, "cpu").compiled
    assert not chosen(5, "cpu").compiled  # full batches are matrix products
    assert not chosen(2, "meta").compiled


def test_sample_weights_add_up_repeats():
    indices = torch.tensor([[[0, 2, 2]], [[1, 1, 1]]])
    counts = engine.sample_weights(indices, None, 4)
    np.testing.assert_array_equal(counts, [[[1, 0, 2, 0]], [[0, 3, 0, 0]]])
    values = torch.tensor([[[0.5, 1.0, -3.0]], [[1.0, 2.0, 4.0]]], dtype=torch.float64)
    np.testing.assert_array_equal(engine.sample_weights(indices, values, 4), [[[0.5, 0, -2, 0]], [[0, 7, 0, 0]]])


def test_steps_against_a_loop_over_samples():
    draw = np.random.default_rng(0)
    K, R, n, d, B = 30, 3, 5, 8, 2
    X, y = draw.standard_normal((n, d)), draw.standard_normal(n)
    p, m = draw.uniform(0.3, 0.8, (R, d)), draw.uniform(0.3, 0.8, (R, d))
    indices, noise = draw.integers(n, size=(K, R, B)), draw.standard_normal((K, R, B))
    rates = draw.uniform(0.01, 0.03, R)
    state = engine.State.start(p, m, n)
    share = torch.from_numpy(rates / B)[:, None]
    pull = engine.sample_weights(torch.from_numpy(indices), None, n) * share
    push = engine.sample_weights(torch.from_numpy(indices), torch.from_numpy(noise), n) * share
    pointers = [t.data_ptr() for t in (state.p, state.m, state.moved)]
    engine.advance(state, torch.from_numpy(X), torch.from_numpy(y), pull, push)
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
    return engine.State.start(np.full((R, d), 0.5), np.full((R, d), 0.5), n), X, y, pull, push


@pytest.mark.parametrize(("R", "n", "d"), [(1, 2, 3), (40, 5, 8), (7, 30, 60)])
def test_kernels_per_step_do_not_depend_on_sizes(kernels, R, n, d):
    counts = []
    for K in (3, 13):
        with kernels() as counter:
            engine.advance(*ingredients(K, R, n, d))
        counts.append(counter.total)
    assert counts[1] - counts[0] == 10 * 9  # two matrix products and seven elementwise kernels a step, no waiting


def test_no_kernel_reserves_memory_as_steps_go_on(kernels):
    with kernels() as counter:
        engine.advance(*ingredients(K=20))
    made = {
        name: count for name, count in counter.counts.items() if name.startswith(("empty", "zeros", "new", "clone"))
    }
    assert sum(made.values()) <= 8, made  # state and scratch, once


def test_operations_grow_with_runs_features_and_samples():
    def flop(**sizes):
        with FlopCounterMode(display=False) as counter:
            engine.advance(*ingredients(**sizes))
        return counter.get_total_flops()

    base = {"K": 2, "R": 4, "n": 5, "d": 8}
    assert flop(**base) == 2 * 2 * (2 * 4 * 5 * 8)
    for name in base:
        assert flop(**{**base, name: 3 * base[name]}) == 3 * flop(**base)


def test_the_step_makes_no_tensor_on_another_device(cuda_replay):
    state, X, y, pull, push = ingredients()

    def step(p, m, moved, *rest):
        engine.advance(engine.State(p, m, moved), *rest)
        return p, m, moved

    plain = torch.func.functionalize(step)  # kernels that write into a buffer do not run on fake devices
    found = cuda_replay(plain, state.p, state.m, state.moved, X, y, pull, push)
    assert all(t.device.type == "cuda" for t in found)
    before = state.clone()
    with torch.device("meta"):  # poison: whatever does not name its device lands there
        engine.advance(state, X, y, pull, push)
        weights = engine.sample_weights(torch.zeros((1, 1, 2), dtype=torch.int64, device="cpu"), None, 5)
    assert weights.device.type == "cpu"
    assert (state.p != before.p).all()
