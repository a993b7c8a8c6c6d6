from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.schedules import constant, cosine, step_decay
from lrdecay_core.training import branches, scheduled


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_a_step_decay_is_an_arm_of_branches(config, noise):
    config = replace(config, epochs=4, input_noise=noise, label_noise=0.2, label_corruption=0.1)
    per_epoch = config.steps_per_epoch
    schedules = {
        f"T = {t}": step_decay(
            learning_rate=config.learning_rate, decay_step=t * per_epoch, decayed=config.decayed_rate
        )
        for t in (1, 3)
    }
    arms = branches(config, decay_epochs=[1, 3], seeds=[4, 2])
    found = scheduled(config, schedules=schedules, seeds=[4, 2])
    for name in ("train_loss", "test_loss", "test_error"):
        # float32: the same updates in stacks of other sizes, each rounded at 1e-7 of values of order 1
        np.testing.assert_allclose(getattr(found, name), getattr(arms, name)[:, :, -1], rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.weights, arms.weights, rtol=0, atol=1e-5)
    assert not np.allclose(found.test_loss[0], found.test_loss[1], rtol=0, atol=1e-4)


def test_augmented_images_are_those_of_branches(config):
    config = replace(config, network="cnn2d", width=3, epochs=3, augment=True)
    decay = step_decay(
        learning_rate=config.learning_rate, decay_step=config.steps_per_epoch, decayed=config.decayed_rate
    )
    arms = branches(config, decay_epochs=[1], seeds=[4, 2])
    found = scheduled(config, schedules={"T = 1": decay}, seeds=[4, 2])
    # float32: the same updates in stacks of other sizes, each rounded at 1e-7 of values of order 1
    np.testing.assert_allclose(found.test_loss, arms.test_loss[:, :, -1], rtol=0, atol=1e-5)
    still = scheduled(replace(config, augment=False), schedules={"T = 1": decay}, seeds=[4, 2])
    assert not np.allclose(found.test_loss, still.test_loss, rtol=0, atol=1e-4)


def test_the_sum_of_squares_is_that_of_the_rates_in_use(config):
    config = replace(config, epochs=2)
    steps = 2 * config.steps_per_epoch
    shapes = {"constant": constant(0.1), "cosine": cosine(learning_rate=0.1, num_steps=steps)}
    found = scheduled(config, schedules=shapes, seeds=[0])
    assert found.names == ("constant", "cosine")
    assert found.rates.shape == (2, steps)
    expected = sum((0.05 * (1 + np.cos(np.pi * k / steps))) ** 2 for k in range(steps))
    assert found.squares == pytest.approx([steps * 0.01, expected], rel=1e-12)  # a sum of tens of rounded terms


@pytest.mark.parametrize(
    ("schedules", "told"),
    [
        ({}, "at least one"),
        ({"up": constant([0.1, 0.2])}, "one rate"),
        ({"bad": lambda k: -0.1 * (k + 1)}, "0 or above"),
    ],
)
def test_schedules_without_a_rate_are_refused(config, schedules, told):
    with pytest.raises(ValueError, match=told):
        scheduled(config, schedules=schedules, seeds=[0])


def test_on_cuda_as_on_the_cpu(same_on_cuda, config):
    config, steps = replace(config, epochs=2), 2 * config.steps_per_epoch
    shapes = {"constant": constant(0.1), "cosine": cosine(learning_rate=0.1, num_steps=steps)}

    def found(device):
        runs = scheduled(config, schedules=shapes, seeds=[1, 4], device=device)
        return runs.train_loss, runs.test_loss, runs.test_error

    same_on_cuda(found)
