import numpy as np
import pytest
import torch

from lrdecay_core import model, schedules
from lrdecay_core.model import batches, dense, engine, kernels
from lrdecay_core.model.engine import Engine

PROBLEM = model.Problem.sparse(num_samples=5, num_features=9, sparsity=2, seed=1)
BEGIN, STEPS = 7, 4


def test_steps_are_the_recursion_on_the_addressed_draws():
    """Against a loop over runs, steps and samples that draws its own numbers at the same addresses."""
    seeds = np.array([3, 8, 3])
    start = np.full((3, 9), 0.5)
    rates = np.linspace(0.01, 0.06, STEPS * 3).reshape(STEPS, 3)
    std = np.full((STEPS, 3), 0.7)
    state = dense.State.start(start, start, 5)
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
        state = dense.State.start(np.full((2, 9), 0.5), np.full((2, 9), 0.5), 5)
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
