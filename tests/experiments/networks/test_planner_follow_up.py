import json
from dataclasses import replace

import numpy as np

from lrdecay_core import provenance
from lrdecay_core.experiments.networks import network_planner, planner_follow_up
from lrdecay_core.experiments.networks.planner_table import Table


def test_every_condition_is_new_and_has_a_seed_of_its_own():
    parts = planner_follow_up.studies()
    seeds = [seed for study in parts.values() for seed in study.seeds]
    assert len(parts) == len(set(seeds)) == len(seeds) == 24
    registered = [network_planner.held_out("book"), network_planner.familiar("book"), network_planner.pilot()]
    assert not set(seeds) & {seed for study in registered for seed in study.seeds}
    known = {config for study in registered for config in study.conditions.values()}
    assert not known & {config for study in parts.values() for config in study.conditions.values()}
    shared = {"network", "dataset", "loss", "num_train", "epochs"}
    held = next(iter(registered[0].conditions.values()))
    for study in parts.values():
        (config,) = study.conditions.values()
        assert all(getattr(config, name) == getattr(held, name) for name in shared)
        assert config.decayed_rate == config.learning_rate / 10
        assert study.decay_epochs == network_planner.DECAYS


def test_parts_are_run_and_written_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr("lrdecay_core.executors.available_cores", lambda: 1)
    parts = {}
    for name, study in list(planner_follow_up.studies().items())[:2]:
        conditions = {
            n: replace(c, epochs=4, num_train=60, width=8, batch_size=10) for n, c in study.conditions.items()
        }
        parts[name] = replace(study, conditions=conditions, decay_epochs=(1, 3))
    table = planner_follow_up.write(tmp_path / "runs.json", parts)
    raw = json.loads((tmp_path / "runs.json").read_text())
    assert raw["origin"]["config_key"] == provenance.config_key(parts)
    np.testing.assert_array_equal(Table.from_plain(raw).test_error, table.test_error)
    assert [name.rsplit(", ", 1)[0] for name in table.names] == list(parts)
    alone = network_planner.run({"second": list(parts.values())[1]}, workers=1)["second"]
    np.testing.assert_allclose(table.test_error[1:], alone.test_error, rtol=0, atol=1e-6)  # written to six digits


def test_the_kept_runs_are_those_of_the_studies_that_stand_here():
    table, origin = planner_follow_up.kept()
    parts = planner_follow_up.studies()
    assert origin["config_key"] == provenance.config_key(parts)
    assert origin["command"] == planner_follow_up.COMMAND
    assert [name.rsplit(", ", 1)[0] for name in table.names] == list(parts)
    assert table.test_error.shape == (24, len(network_planner.DECAYS))
