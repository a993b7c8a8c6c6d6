from dataclasses import replace

import pytest
import torch

from lrdecay_core.training import autograd, draws, loop

CPU = torch.device("cpu")


def test_records_hold_forks_the_steps_after_them_and_the_end(config):
    long = replace(config, epochs=200)  # 8 steps an epoch, a record every 4 epochs
    steps = loop.record_steps(long, [50, 200]).tolist()
    assert steps[0] == 0
    assert steps[-1] == 1600
    assert steps == sorted(set(steps))
    assert {400, 401, 402, 404, 408, 416} <= set(steps)
    assert {32, 64, 96} <= set(steps)


def test_the_trunk_leaves_when_the_last_arm_has_forked(config):
    run = loop.Loop(config, (1, 3), (0, 1), CPU)
    counts = [len(run.diverged)]
    for _ in range(config.epochs):
        run.run_epoch()
        counts.append(len(run.diverged))
    assert counts == [2, 4, 4, 4, 4, 4]
    assert run.arms == [0, 1]


def test_decay_at_zero_never_uses_the_large_rate(config):
    run = loop.Loop(config, (0,), (0,), CPU)
    torch.testing.assert_close(run.rates, torch.tensor([[0.01]]))


def test_rows_follow_their_seed_and_arm(config):
    run = loop.Loop(config, (0, 2), (5, 7), CPU)
    assert run.arms == [loop.TRUNK, 0]
    torch.testing.assert_close(run.rates.flatten(), torch.tensor([0.1, 0.01, 0.1, 0.01]))
    rows = torch.tensor([10.0, 11.0, 20.0, 21.0])  # trunk and tail of one seed, then of the next
    assert run.arm_rows(rows).tolist() == [[11.0, 21.0], [10.0, 20.0]]
    start = loop.Loop(config, (2,), (5, 7), CPU).ensemble.weights
    assert torch.equal(run.ensemble.weights, start[[0, 0, 1, 1]])


@pytest.mark.parametrize("input_noise", [0.0, 0.1])
@pytest.mark.parametrize("network", ["mlp", "cnn2d"])
def test_gathering_in_parts_changes_nothing(config, monkeypatch, network, input_noise):
    config = replace(config, network=network, input_noise=input_noise)
    found = []
    for chunk in (1, 20, 10_000):
        monkeypatch.setattr(loop, "CHUNK", chunk)
        run = loop.Loop(config, (2,), (5, 7), CPU)
        run.run_epoch()
        found.append(run.ensemble.weights)
    for weights in found[1:]:  # float32, 8 updates; matrix products may round by where their operands begin in memory
        torch.testing.assert_close(weights, found[0], rtol=0, atol=1e-6)


def test_batches_are_the_drawn_samples_with_their_noise_and_labels(config):
    run = loop.Loop(config, (2,), (5, 7), CPU, engine=autograd.Autograd)  # whose prepared inputs are the inputs
    draw = draws.draw_epoch(config, run.seeds, 3, run.given, (8, 8), 10, CPU)
    inputs, targets = run._batches(draw, range(2, 5))
    sample = draw.order[1, 4 * 7 + 3]  # the fourth of the last batch, second seed
    torch.testing.assert_close(inputs[2, 1, 3], run.train_inputs[sample] + draw.noise[1, sample], rtol=0, atol=0)
    torch.testing.assert_close(targets[2, 1, :, 3], run.targets[draw.labels[1, sample]], rtol=0, atol=0)


def test_divergence_keeps_the_first_step(config):
    run = loop.Loop(config, (2,), (5, 7, 9), CPU)
    losses = torch.zeros(4, 3)
    losses[1:, 1], losses[3, 2] = torch.nan, torch.inf
    run._note_divergence(8, losses)
    assert run.diverged.tolist() == [-1, 9, 11]
    run._note_divergence(12, torch.full((4, 3), torch.nan))
    assert run.diverged.tolist() == [12, 9, 11]
