from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.experiments.landscapes import solutions
from lrdecay_core.experiments.landscapes import study as landscapes
from lrdecay_core.training import Branches


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_cells_keep_the_trunk_at_every_decay_and_have_seeds_enough(profile):
    study = landscapes.study(profile)
    assert set(study.cells) == {*landscapes.CARRIERS, *landscapes.DRAWN}
    for cell in (*study.cells.values(), *study.controls.values()):
        assert set(cell.decay_epochs) <= set(cell.trunk_epochs)
        assert cell.decay_epochs[-1] < cell.config.epochs
        assert len(cell.decay_epochs) >= 3
        assert profile == "quick" or len(cell.seeds) >= 5
    for name in landscapes.DRAWN:
        assert study.cells[name].config.loss == "squared"
        assert study.cells[name].probe_steps


def test_the_control_travels_as_far_at_a_tenth_of_the_rate():
    study = landscapes.study("book")
    main, (control,) = study.cells["digits MLP"], study.controls.values()
    assert control.config.learning_rate == pytest.approx(main.config.learning_rate / 10)
    assert control.decay_epochs[0] == 10 * main.decay_epochs[0]
    same = {name: getattr(main.config, name) for name in ("learning_rate", "decayed_rate", "epochs")}
    assert replace(control.config, **same) == main.config


def test_everything_is_looked_at_once(monkeypatch):
    study = landscapes.study("quick")

    def tiny(cell):
        config = replace(cell.config, epochs=5, num_train=20, width=4, batch_size=10)
        return replace(cell, config=config, decay_epochs=(1, 2, 4), trunk_epochs=(0, 1, 2, 3, 4), seeds=(0, 1))

    cells = {name: replace(tiny(cell), probe_steps=2 * bool(cell.probe_steps)) for name, cell in study.cells.items()}
    study = replace(study, cells=cells, grid=4, curve_steps=1, num_probes=2)
    monkeypatch.setattr(Branches, "past_phase_one", (0, 1, 2))
    found = solutions.run(cells, workers=1)
    seen = landscapes.look(study, found, workers=1)
    assert set(seen.pictures) == {*landscapes.DRAWN, landscapes.MODEL}
    for name in landscapes.CARRIERS:
        assert seen.walks[name].barrier.shape == (3, 2)
        assert seen.sharpness[name].trace.shape == (3, 2)
        np.testing.assert_allclose(seen.sharpness[name].norm, found[name].runs.weight_norm[:, :, -1], rtol=1e-5)
    assert seen.pictures["digits CNN"].surface["test"].shape == (4, 4)
