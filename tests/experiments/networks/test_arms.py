"""Conditions are trained in halves, put together, and read off at equal tails."""

from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.experiments.networks import arms, boundaries
from lrdecay_core.training import branches


def small(part, **changes):
    conditions = {
        name: replace(config, epochs=4, num_train=60, width=8, **changes)
        for name, config in list(part.conditions.items())[:2]
    }
    return replace(part, conditions=conditions, decay_epochs=(1, 3), seeds=(5, 7, 9))


def test_halves_of_seeds_are_put_together_in_order():
    part = small(boundaries.sections("quick")["corruption"])
    found = arms.run({"a": part, "b": part}, workers=1)
    for name, config in part.conditions.items():
        whole = branches(config, decay_epochs=(1, 3), seeds=(5, 7, 9))
        # float32: stacks of other sizes may sum in another order
        np.testing.assert_allclose(found["a"][name].train_loss, whole.train_loss, rtol=0, atol=1e-5)
        np.testing.assert_allclose(found["a"][name].final, whole.test_error[:, :, -1], rtol=0, atol=2e-3)  # two scans
        np.testing.assert_array_equal(found["a"][name].final, found["b"][name].final)
        forks = branches(config, decay_epochs=(1, 3), seeds=(5, 7, 9), trunk_epochs=(1, 3)).trunk
        way = np.linalg.norm(forks[1] - forks[0], axis=1) / np.linalg.norm(forks[0], axis=1)
        np.testing.assert_allclose(found["a"][name].travel, [np.zeros(3), way], rtol=0, atol=1e-5)
        at_three = whole.train_loss[1][:, list(whole.epochs).index(3)]
        np.testing.assert_allclose(found["a"][name].at("train_loss", 1, 3), at_three, rtol=0, atol=1e-5)


def test_stopping_in_time_is_the_lowest_record():
    made = arms.Arms(
        config=None, decay_epochs=(1,), epochs=np.arange(3), train_loss=None, train_error=None, travel=None,
        seconds=0.0,
        test_error=np.array([[[0.5, 0.2, 0.4], [np.nan, 0.3, 0.1]]]),
    )  # fmt: skip
    assert made.stopped.tolist() == [[0.2, 0.1]]
    assert made.final.tolist() == [[0.4, 0.1]]


def test_equal_tails_are_as_long_as_the_last_one():
    # two arms, one seed, recorded at every epoch: the later decay has one epoch of tail
    made = arms.Arms(
        config=None, decay_epochs=(1, 3), epochs=np.arange(5), train_loss=None, train_error=None, travel=None,
        seconds=0.0, test_error=np.array([[[0.9, 0.8, 0.7, 0.6, 0.5]], [[0.4, 0.3, 0.2, 0.1, 0.0]]]),
    )  # fmt: skip
    assert made.level.tolist() == [[0.7], [0.0]]
    with pytest.raises(ValueError, match=r"`epochs` must hold the ends of equal tails, \[2\.?0?, 4"):
        _ = replace(made, epochs=np.array([0, 1, 3, 3.5, 4])).level


def test_description_names_what_is_shared_and_the_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "quick")
    text = arms.describe(boundaries.sections()["corruption"])
    assert "mlp on digits, 500 samples" in text
    assert "`quick` profile" in text
