from dataclasses import asdict, replace

import numpy as np
import pytest

from lrdecay_core.experiments.networks import boundaries
from lrdecay_core.training import branches
from lrdecay_core.training.loop import record_steps


def small(part, **changes):
    conditions = {
        name: replace(config, epochs=4, num_train=60, width=8, **changes)
        for name, config in list(part.conditions.items())[:2]
    }
    return replace(part, conditions=conditions, decay_epochs=(1, 3), seeds=(5, 7, 9))


def test_halves_of_seeds_are_put_together_in_order():
    part = small(boundaries.sections("quick")["corruption"])
    found = boundaries.run({"a": part, "b": part}, workers=1)
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
    arms = boundaries.Arms(
        config=None, decay_epochs=(1,), epochs=np.arange(3), train_loss=None, train_error=None, travel=None,
        seconds=0.0,
        test_error=np.array([[[0.5, 0.2, 0.4], [np.nan, 0.3, 0.1]]]),
    )  # fmt: skip
    assert arms.stopped.tolist() == [[0.2, 0.1]]
    assert arms.final.tolist() == [[0.4, 0.1]]


def test_equal_tails_are_as_long_as_the_last_one():
    # two arms, one seed, recorded at every epoch: the later decay has one epoch of tail
    made = boundaries.Arms(
        config=None, decay_epochs=(1, 3), epochs=np.arange(5), train_loss=None, train_error=None, travel=None,
        seconds=0.0, test_error=np.array([[[0.9, 0.8, 0.7, 0.6, 0.5]], [[0.4, 0.3, 0.2, 0.1, 0.0]]]),
    )  # fmt: skip
    assert made.level.tolist() == [[0.7], [0.0]]
    with pytest.raises(ValueError, match=r"`epochs` must hold the ends of equal tails, \[2\.?0?, 4"):
        _ = replace(made, epochs=np.array([0, 1, 3, 3.5, 4])).level


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_where_tails_are_compared_their_ends_are_recorded(profile):
    for name in ("persistence", "rest"):
        part = boundaries.sections(profile)[name]
        config = next(iter(part.conditions.values()))
        epochs = record_steps(config, part.decay_epochs) / config.steps_per_epoch
        blank = np.zeros((2, 1, len(epochs)))
        made = boundaries.Arms(
            config=config, decay_epochs=part.decay_epochs, epochs=epochs, train_loss=None, train_error=None,
            travel=None, test_error=blank, seconds=0.0,
        )  # fmt: skip
        assert made.level.shape == (2, 1)


def test_the_losses_are_compared_on_one_set_of_settings():
    part = boundaries.sections("book")["rest"]
    loud, rest, fresh = (
        part.conditions[name] for name in (boundaries.CROSS_ENTROPY, boundaries.SQUARED, boundaries.SQUARED_FRESH)
    )
    assert replace(loud, loss="squared") == rest == replace(fresh, label_noise=0.0)
    assert part.decay_epochs[1] == 4 * part.decay_epochs[0]
    assert "squared" not in boundaries.describe(part)  # it is not shared
    assert "150 samples, 1250 epochs" in boundaries.describe(part)


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_conditions_differ_from_the_first_in_what_their_section_is_about(profile):
    allowed = {
        "corruption": {"label_corruption"},
        "persistence": {"label_noise"},
        "other noise": {"batch_size", "label_smoothing", "input_noise", "learning_rate", "decayed_rate"},
        "optimisers": {"optimiser", "momentum", "weight_decay", "learning_rate", "decayed_rate"},
        "batch and rate": {"learning_rate", "batch_size"},
        "rest": {"loss", "label_noise"},
    }
    for name, part in boundaries.sections(profile).items():
        configs = [asdict(config) for config in part.conditions.values()]
        changed = {key for config in configs for key in config if config[key] != configs[0][key]}
        assert changed == allowed[name]
        assert max(part.seeds) < 100  # pilots have the seeds from 100


def test_persistence_compares_t_with_four_t_and_momentum_has_the_matched_rate():
    parts = boundaries.sections("book")
    early, late = parts["persistence"].decay_epochs
    assert late == 4 * early
    plain, heavy = (parts["optimisers"].conditions[name] for name in ("SGD", "momentum 0.9"))
    assert heavy.learning_rate / (1 - heavy.momentum) == pytest.approx(plain.learning_rate)
    assert heavy.decayed_rate / (1 - heavy.momentum) == pytest.approx(plain.decayed_rate)


def test_description_names_what_is_shared_and_the_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "quick")
    text = boundaries.describe(boundaries.sections()["corruption"])
    assert "mlp on digits, 500 samples" in text
    assert "`quick` profile" in text
