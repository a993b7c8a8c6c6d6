from dataclasses import asdict, replace

import numpy as np
import pytest

from lrdecay_core.experiments.networks import arms, boundaries
from lrdecay_core.training.loop import record_steps


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_where_tails_are_compared_their_ends_are_recorded(profile):
    for name in ("persistence", "rest"):
        part = boundaries.sections(profile)[name]
        config = next(iter(part.conditions.values()))
        epochs = record_steps(config, part.decay_epochs) / config.steps_per_epoch
        blank = np.zeros((2, 1, len(epochs)))
        made = arms.Arms(
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
    assert "squared" not in arms.describe(part)  # it is not shared
    assert "150 samples, 1250 epochs" in arms.describe(part)


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
