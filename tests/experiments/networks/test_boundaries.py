from dataclasses import asdict, replace

import numpy as np
import pytest

from lrdecay_core.experiments.networks import boundaries
from lrdecay_core.training import branches


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
        at_three = whole.train_loss[1][:, list(whole.epochs).index(3)]
        np.testing.assert_allclose(found["a"][name].at("train_loss", 1, 3), at_three, rtol=0, atol=1e-5)


def test_stopping_in_time_is_the_lowest_record():
    arms = boundaries.Arms(
        config=None, decay_epochs=(1,), epochs=np.arange(3), train_loss=None, train_error=None, seconds=0.0,
        test_error=np.array([[[0.5, 0.2, 0.4], [np.nan, 0.3, 0.1]]]),
    )  # fmt: skip
    assert arms.stopped.tolist() == [[0.2, 0.1]]
    assert arms.final.tolist() == [[0.4, 0.1]]


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_conditions_differ_from_the_first_in_what_their_section_is_about(profile):
    allowed = {
        "corruption": {"label_corruption"},
        "persistence": {"label_noise"},
        "other noise": {"batch_size", "label_smoothing", "input_noise", "learning_rate", "decayed_rate"},
        "optimisers": {"optimiser", "momentum", "weight_decay", "learning_rate", "decayed_rate"},
        "batch and rate": {"learning_rate", "batch_size"},
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
