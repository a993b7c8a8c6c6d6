import importlib
import subprocess
import sys

import numpy as np
import pytest
import torch

from lrdecay_core import model, schedules
from lrdecay_core.model import Problem, Weights, batches, engine

SGD = importlib.import_module("lrdecay_core.model.sgd")  # the module: `model.sgd` is its function

PROBLEM = Problem.sparse(num_samples=7, num_features=16, sparsity=2, seed=3)


def run(problem=PROBLEM, **changes):
    settings = {
        "schedule": schedules.constant(0.03),
        "num_steps": 200,
        "batch_size": 3,
        "label_noise": 1.0,
        "init_scale": 0.5,
        "seeds": range(3),
    }
    return model.sgd(problem, **{**settings, **changes})


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("noise", batches.NOISES)
def test_against_autograd_and_torch_sgd(replacement, noise):
    path = run(replacement=replacement, noise=noise, record=range(201), seeds=[11])
    indices, errors = batches.draws(11, 200, num_samples=7, batch_size=3, replacement=replacement, noise=noise)
    X, y = torch.tensor(PROBLEM.X), torch.tensor(PROBLEM.y)
    u = torch.ones(16, dtype=torch.float64, requires_grad=True)
    v = torch.zeros(16, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([u, v], lr=0.03)
    for k in range(200):
        np.testing.assert_allclose(path.weights.u[k, 0], u.detach(), atol=1e-12)
        np.testing.assert_allclose(path.weights.v[k, 0], v.detach(), atol=1e-12)
        residual = X[indices[k]] @ (u * v) - y[indices[k]] - torch.tensor(errors[k])
        optimizer.zero_grad()
        ((residual**2).sum() / 6).backward()  # mean over the batch of half squares
        optimizer.step()


def test_a_run_is_the_same_alone_or_batched_whatever_the_others_do():
    rows = model.grid(seed=[4, 9], decay_step=[100, 1500], learning_rate=[0.02, 0.04])
    lr = schedules.step_decay(
        learning_rate=rows["learning_rate"], decay_step=rows["decay_step"], decayed=np.full(8, 0.004)
    )
    both = run(schedule=lr, seeds=rows["seed"], num_steps=2500, record=[700, 2500])
    for r in (0, 5):
        one = schedules.step_decay(
            learning_rate=rows["learning_rate"][r], decay_step=rows["decay_step"][r], decayed=0.004
        )
        alone = run(schedule=one, seeds=[rows["seed"][r]], num_steps=2500, record=[700, 2500])
        # matrix products of another shape add in another order; the valley floor forgets such differences
        np.testing.assert_allclose(alone.beta[:, 0], both.beta[:, r], atol=1e-14)
        np.testing.assert_allclose(alone.centre[:, 0], both.centre[:, r], atol=1e-12)


def test_runs_that_differ_in_decay_share_their_noise_until_then():
    lr = schedules.step_decay(learning_rate=0.04, decay_step=np.array([150, 180]), decayed=0.004)
    path = run(schedule=lr, seeds=[1, 1], record=[150, 151, 200])
    np.testing.assert_array_equal(path.beta[0, 0], path.beta[0, 1])
    assert (path.beta[1, 0] != path.beta[1, 1]).any()


def test_two_stretches_equal_one():
    whole = run(num_steps=2600, record=[1300, 2600])
    first = run(num_steps=1300)
    second = run(num_steps=1300, first_step=1300, init_scale=None, weights=first.final, record=[2600])
    np.testing.assert_array_equal(whole.final.p, second.final.p)
    np.testing.assert_array_equal(whole.weights.m[1], second.weights.m[0])
    assert second.steps.tolist() == [2600]


def test_recording_changes_nothing():
    few, many = run(num_steps=1100), run(num_steps=1100, record=range(0, 1101, 7))
    np.testing.assert_array_equal(few.final.p, many.final.p)
    assert many.beta.shape == (158, 3, 16)


def test_blocks_of_runs_and_chunks_of_steps_change_nothing(monkeypatch):
    whole = run(num_steps=300, seeds=range(40))
    monkeypatch.setattr(SGD, "STATE_BYTES", 1)  # 16 runs at a time
    monkeypatch.setattr(engine, "CHUNK_BYTES", 8 * 16 * 7 * 13)  # 13 steps at a time
    np.testing.assert_allclose(run(num_steps=300, seeds=range(40)).final.p, whole.final.p, atol=1e-13)  # as alone


def test_recorded_quantities():
    problem = Problem(PROBLEM.X * 1.3, PROBLEM.y, PROBLEM.beta_true)
    path = run(problem, record=[0, 50, 200])
    w = path.weights
    np.testing.assert_allclose(path.beta, w.u * w.v, atol=1e-15)
    np.testing.assert_allclose(path.train_loss, ((path.beta @ problem.X.T - problem.y) ** 2).sum(-1) / 14, rtol=1e-12)
    np.testing.assert_allclose(path.test_loss, ((path.beta - problem.beta_true) ** 2).sum(-1) / 2, rtol=1e-12)
    np.testing.assert_allclose(path.norm_squared, (w.u**2 + w.v**2).sum(-1), rtol=1e-13)
    np.testing.assert_allclose(path.log_scale[0], np.log(0.5))
    np.testing.assert_array_equal(path.centre[0], 0)
    np.testing.assert_array_equal(path.final.p, w.p[-1])
    assert path.steps.tolist() == [0, 50, 200]
    assert np.isnan(path.diverged_step).all()
    assert np.isnan(path.frozen_step).all()


def test_noise_can_be_switched_off_by_a_schedule():
    when = np.array([0, 60])
    off = run(label_noise=schedules.switched_off(1.0, step=when), seeds=[2, 2], record=[60, 200])
    np.testing.assert_allclose(off.beta[0, 1], run(seeds=[2], num_steps=60).beta[0, 0], atol=1e-14)
    quiet = run(label_noise=0.0, seeds=[2], record=[60, 200])
    np.testing.assert_allclose(off.beta[:, 0], quiet.beta[:, 0], atol=1e-14)


def test_noise_per_run_and_its_size():
    path = run(label_noise=np.array([0.0, 1.0, 2.0]), seeds=[5] * 3, num_steps=1, batch_size=7)
    effect = 1 - path.final.p / 0.5  # eta g of one step from one state: linear in the noise
    np.testing.assert_allclose(effect[2] - effect[0], 2 * (effect[1] - effect[0]), atol=1e-14)


def test_full_batch_tail_reaches_zero_loss():
    trunk = run(num_steps=400)
    tail = run(weights=trunk.final, init_scale=None, batch_size=7, label_noise=0.0, num_steps=3000)
    assert tail.train_loss.max() < 1e-12  # a linear rate: whatever was asked for
    sure = run(weights=trunk.final, init_scale=None, batch_size=7, label_noise=0.0, num_steps=3000, seeds=[7, 8, 9])
    np.testing.assert_array_equal(tail.final.p, sure.final.p)  # nothing random is left


def test_positive_problem_keeps_m_at_zero():
    problem = Problem.three_dimensional()
    path = run(problem, batch_size=2, record=[0, 100])
    np.testing.assert_array_equal(path.weights.m, 0)
    assert np.isnan(path.log_scale).all()
    assert np.isnan(path.centre).all()
    assert np.isnan(path.frozen_step).all()
    np.testing.assert_allclose(path.beta, path.weights.p**2)


def test_a_diverging_run_is_recorded_and_the_others_go_on():
    path = run(schedule=schedules.constant(np.array([0.03, 5.0, 0.03])), record=[0, 100, 200])
    assert np.isnan(path.diverged_step[[0, 2]]).all()
    step = int(path.diverged_step[1])
    assert 1 < step < 50
    assert np.isnan(path.train_loss[1:, 1]).all()
    np.testing.assert_allclose(path.beta[:, 2], run(record=[0, 100, 200]).beta[:, 2], atol=1e-13)
    again = run(schedule=schedules.constant(5.0), seeds=[1], record=[0, step - 1, step], num_steps=step)
    assert np.isfinite(again.train_loss[1]).all()
    assert np.isnan(again.train_loss[2]).all()


def test_hitting_one_exactly_freezes_a_coordinate_and_says_when():
    problem = Problem([[2.0, 1.0, 1.0], [0.0, 0.0, 1.0]], [1.0, 0.0])
    start = Weights([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
    path = run(
        problem,
        schedule=schedules.constant(np.array([1.0, 0.01])),
        weights=start,
        init_scale=None,
        batch_size=2,
        label_noise=0.0,
        seeds=[0, 0],
        num_steps=3,
        record=[0, 1, 3],
    )
    # g = X^T (-1, 0) / 2 = (-1, -1/2, -1/2)
    assert path.frozen_step[0] == 1
    assert np.isnan(path.frozen_step[1])
    assert path.weights.m[1, 0, 0] == 0
    np.testing.assert_array_equal(np.isneginf(path.log_scale[:, 0, 0]), [False, True, True])
    assert np.isposinf(path.centre[1, 0, 0])
    assert np.isfinite(path.log_scale[:, 1]).all()


def test_a_weight_too_small_for_a_number_is_recorded_not_stuck():
    # p = m = 2e-298 is 5 in the logarithm above the smallest number allowed; the other run is far above it
    deep = Weights.from_scale(np.array([np.full(16, 2 * np.log(2e-298) + np.log(2)), np.full(16, -10.0)]), 0.0)
    settings = {"weights": deep, "init_scale": None, "seeds": [0, 1], "num_steps": 3000, "record": [0, 1000, 3000]}
    path = run(schedule=schedules.constant(0.05), **settings)
    step = int(path.frozen_step[0])
    assert 10 < step < 3000
    assert np.isnan(path.frozen_step[1])
    assert np.isneginf(path.log_scale[2, 0]).any()
    assert np.isfinite(path.log_scale[0]).all()
    assert np.isfinite(path.train_loss).all()
    before = run(schedule=schedules.constant(0.05), **{**settings, "num_steps": step - 1, "record": None})
    assert np.isfinite(before.log_scale).all()


def test_zero_steps_and_the_default_record():
    path = run(num_steps=0)
    assert path.steps.tolist() == [0]
    np.testing.assert_array_equal(path.beta, 0)


def test_progress_bar_appears_for_long_work_only(monkeypatch, capsys):
    run()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(SGD, "BAR_FROM", 100)
    monkeypatch.delenv("LRDECAY_STATIC", raising=False)
    run()
    assert "SGD, runs 0 to 2 of 3" in capsys.readouterr().err


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_steps():
    code = (
        "import resource\n"
        "from lrdecay_core import model, schedules\n"
        "problem = model.Problem.sparse(num_samples=20, num_features=40, sparsity=3, seed=2)\n"
        "kb = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "peaks = []\n"
        "for steps in (3_000, 30_000):\n"
        "    model.sgd(problem, schedule=schedules.constant(0.01), num_steps=steps, batch_size=4, label_noise=1.0,\n"
        "              init_scale=0.5, seeds=range(256))\n"
        "    peaks.append(kb())\n"
        "print(*peaks)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    short, long = map(int, out.split())
    assert long < 1_000_000  # kilobytes; 10^6 steps hold no more than 3 * 10^4
    assert long - short < 20_000  # what the allocator keeps


def test_derived_quantities_are_those_of_the_recorded_weights():
    problem = model.Problem.sparse(num_samples=5, num_features=9, sparsity=2, seed=1)
    path = model.sgd(
        problem, schedule=schedules.constant(0.02), num_steps=6, batch_size=2, label_noise=0.5, init_scale=0.4,
        seeds=[3, 8], record=[0, 2, 6],
    )  # fmt: skip
    u, v = path.weights.u, path.weights.v
    assert path.beta.shape == (3, 2, 9)
    # u v and p^2 - m^2 are rounded differently
    np.testing.assert_allclose(path.beta, u * v, rtol=0, atol=1e-15)
    np.testing.assert_allclose(path.norm_squared, (u**2 + v**2).sum(-1), rtol=1e-14)
    np.testing.assert_array_equal(path.final.p, path.weights.p[-1])
