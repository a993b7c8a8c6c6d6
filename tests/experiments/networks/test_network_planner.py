import json
from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core import provenance
from lrdecay_core.experiments.networks import network_planner as planner
from lrdecay_core.experiments.networks.trunk_features import FEATURES


def made_up(runs=40, *, seed=0, tell=True):
    """Half of the runs are best early, half late; with ``tell`` the plateau says which, at candidate 2."""
    stream = np.random.default_rng(seed)
    early = np.arange(runs) % 2 == 0
    error = np.where(early[:, None], np.linspace(0.1, 0.4, 8), np.linspace(0.4, 0.1, 8))
    features = {name: stream.normal(size=(runs, 8)) for name in FEATURES}
    features["progress"] = np.tile(np.linspace(1.0, 0.2, 8), (runs, 1))
    if tell:
        features["plateau"] = np.where(early[:, None], -1.0, 1.0) + np.zeros((runs, 8))
    names = tuple(f"run {i}" for i in range(runs))
    return planner.Table(
        names=names,
        test_error=error,
        cosine=error[:, 3],
        features=features,
        seconds=1.0,
        sharpness=np.ones(len(names)),
        glance=2,
    )


def test_the_fit_finds_the_feature_that_tells():
    table = made_up()
    rule = planner.fit(table)
    assert (rule.feature, rule.below) == ("plateau", True)
    where = planner.choose(rule, table.features)
    assert (where[0::2] == 0).all()
    assert (where[1::2] == 7).all()


def test_the_choice_waits_for_progress_and_falls_back_to_the_last_candidate():
    features = {
        "progress": np.array([[1.0, 0.8, 0.5], [1.0, 0.8, 0.5], [1.0, 1.0, 1.0]]),
        "distance": np.array([[2.0, 2.0, 0.0], [0.0, 0.0, 0.0], [2.0, 2.0, 2.0]]),
    }
    rule = planner.Rule(feature="distance", below=False, threshold=1.0, progress=0.9)
    assert planner.choose(rule, features).tolist() == [1, 2, 2]


def test_shuffling_deals_features_of_whole_runs_and_leaves_errors_alone():
    table = made_up()
    other = planner.shuffled(table, 3)
    np.testing.assert_array_equal(other.test_error, table.test_error)
    rows = {tuple(row) for row in table.features["distance"]}
    assert {tuple(row) for row in other.features["distance"]} == rows
    assert (other.features["distance"] != table.features["distance"]).any()
    table = replace(table, sharpness=table.features["distance"][:, 0])
    np.testing.assert_array_equal(planner.shuffled(table, 3).sharpness, other.features["distance"][:, 0])
    pairs = {(*a, *b) for a, b in zip(table.features["distance"], table.features["plateau"], strict=True)}
    assert {(*a, *b) for a, b in zip(other.features["distance"], other.features["plateau"], strict=True)} == pairs


def test_the_kept_rule_is_the_fit_of_the_kept_pilot_of_the_study_that_stands_here():
    table, rule, origin = planner.kept()
    assert len(table.names) >= 40
    assert rule == planner.fit(table)
    assert origin["config_key"] == provenance.config_key(planner.pilot())
    assert origin["command"] == planner.COMMAND


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_held_out_runs_share_no_seed_and_no_data_set_with_the_pilot(profile):
    held, pilot = planner.held_out(profile), planner.pilot()
    assert not set(held.seeds) & set(pilot.seeds)
    assert held.decay_epochs == pilot.decay_epochs
    assert {c.dataset for c in held.conditions.values()}.isdisjoint(c.dataset for c in pilot.conditions.values())
    assert len(pilot.conditions) * len(pilot.seeds) >= 40
    assert profile == "quick" or len(held.conditions) * len(held.seeds) >= 20


def test_a_pilot_is_run_fitted_and_written(tmp_path, monkeypatch):
    study = planner.held_out("quick")
    conditions = {
        name: replace(c, dataset="digits", network="mlp", epochs=4, num_train=60, width=8)
        for name, c in study.conditions.items()
    }
    small = planner.Study(conditions=conditions, seeds=(3, 5), decay_epochs=(1, 3))
    monkeypatch.setattr(planner, "pilot", lambda: small)
    monkeypatch.setattr("lrdecay_core.executors.available_cores", lambda: 1)
    rule = planner.write_pilot(tmp_path / "pilot.json")
    raw = json.loads((tmp_path / "pilot.json").read_text())
    assert raw["rule"]["feature"] == rule.feature
    assert raw["origin"]["config_key"] == provenance.config_key(small)
    again = planner.run({"a": small, "b": replace(small, seeds=(7,))}, workers=1)["a"]
    np.testing.assert_allclose(raw["test_error"], again.test_error, rtol=0, atol=1e-6)  # written to six digits
    np.testing.assert_allclose(raw["sharpness"], again.sharpness, rtol=0, atol=1e-6)
    assert again.test_error.shape == (4, 2)
    assert again.names[1] == f"{next(iter(conditions))}, seed 5"
    with pytest.raises(ValueError, match="`table` must hold finite"):
        planner.fit(replace(again, test_error=np.full((4, 2), np.nan)))
