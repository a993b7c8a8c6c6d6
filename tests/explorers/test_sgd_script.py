"""The script of the pages does the library's SGD: same draws to the bit, same losses to rounding."""

import numpy as np
import pytest

from lrdecay_core import model, schedules
from lrdecay_core.model import batches

RUN = """
const { run, unpack } = await lib("sgd"), { draws } = await lib("random");
const { problem, keys, steps, B, settings } = given;
return run(unpack(problem), draws(keys, steps, problem.X.length, B), { ...settings, batchSize: B });
"""


def keys(seed):
    return [f"{int(key):016x}" for key in batches.keys([seed], "rademacher").numpy().astype(np.uint64)[:, 0]]


def embedded(problem):
    return {"X": problem.X.tolist(), "y": problem.y.tolist(), "truth": problem.beta_true.tolist()}


@pytest.mark.parametrize(("n", "B", "seed"), [(20, 4, 0), (7, 7, 3), (3, 1, 2**40), (300, 5, 19)])
def test_draws_are_the_librarys_to_the_bit(node, n, B, seed):
    found = node(
        "const d = (await lib('random')).draws(given.keys, 3000, given.n, given.B);"
        "return { index: [...d.index], sign: [...d.sign] };",
        keys=keys(seed),
        n=n,
        B=B,
    )
    index, sign = batches.draws(seed, 3000, num_samples=n, batch_size=B)
    np.testing.assert_array_equal(found["index"], index.ravel())
    np.testing.assert_array_equal(found["sign"], sign.ravel())


@pytest.mark.parametrize(
    ("rate", "decayed", "T", "noise", "B", "seed"),
    [
        pytest.param(0.04, 0.002, 2500, 2.0, 4, 0, id="start view"),
        pytest.param(0.1, 0.05, 130, 3.0, 1, 7, id="large, one sample at a time"),
        pytest.param(0.02, 0.02, 0, 0.0, 8, 1, id="full batch, silent, decays at once"),
        pytest.param(0.05, 0.001, 4000, 1.0, 3, 4, id="never decays, odd batch"),
    ],
)
def test_runs_are_the_librarys_to_rounding(node, problem, rate, decayed, T, noise, B, seed):
    record = [0, 1, 50, 130, 2000, 4000]
    settings = {"rate": rate, "decayed": decayed, "decayStep": T, "noise": noise, "initScale": 0.5, "record": record}
    found = node(RUN, problem=embedded(problem), keys=keys(seed), steps=4000, B=B, settings=settings)
    path = model.sgd(
        problem,
        schedule=schedules.step_decay(learning_rate=rate, decay_step=T, decayed=decayed),
        num_steps=4000,
        batch_size=B,
        label_noise=noise,
        init_scale=0.5,
        seeds=[seed],
        record=record,
    )
    assert found["diverged"] is None
    pairs = {"train": path.train_loss, "test": path.test_loss, "norm": path.norm_squared}
    for name, expected in pairs.items():
        # The library sums in another order. A rounding error is not amplified: SGD contracts across the valley.
        np.testing.assert_allclose(found[name], expected[:, 0], rtol=0, atol=1e-12 * expected.max(), err_msg=name)


@pytest.mark.parametrize(("rate", "T"), [(0.5, 3000), (1.5, 100), (0.01, 40)])
def test_divergence_is_seen_at_the_librarys_step(node, problem, rate, T):
    record = [0, 2, 400, 2000]
    settings = {"rate": rate, "decayed": 1.0, "decayStep": T, "noise": 2.0, "initScale": 0.5, "record": record}
    found = node(RUN, problem=embedded(problem), keys=keys(0), steps=2000, B=2, settings=settings)
    path = model.sgd(
        problem,
        schedule=schedules.step_decay(learning_rate=rate, decay_step=T, decayed=1.0),
        num_steps=2000,
        batch_size=2,
        label_noise=2.0,
        init_scale=0.5,
        seeds=[0],
        record=record,
    )
    assert found["diverged"] == path.diverged_step[0]
    assert [v is None for v in found["train"]] == np.isnan(path.train_loss[:, 0]).tolist()
