from dataclasses import replace

import torch

from lrdecay_core.training import loop

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
    counts = [len(run.row_arm)]
    for _ in range(config.epochs):
        run.run_epoch()
        counts.append(len(run.row_arm))
    assert counts == [2, 4, 4, 4, 4, 4]
    assert sorted(run.row_arm.tolist()) == [0, 0, 1, 1]


def test_decay_at_zero_never_uses_the_large_rate(config):
    run = loop.Loop(config, (0,), (0,), CPU)
    torch.testing.assert_close(run.rates, torch.tensor([[0.01]]))
