from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.experiments.networks import scaling_up
from lrdecay_core.training import branches, loop

TINY = replace(
    scaling_up.grid("quick"),
    config=replace(scaling_up.grid("quick").config, epochs=3, width=3),
    rates=(0.01, 0.05, 500.0),
    decay_epochs=(1, 3),
    seeds=(4, 5),
)


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_profiles_differ_in_size_alone(profile):
    grid, other = scaling_up.grid(profile), scaling_up.grid("book")
    assert replace(grid.config, epochs=1) == replace(other.config, epochs=1)
    assert len(grid.specs) == np.prod(grid.shape)
    assert max(grid.decay_epochs) == grid.config.epochs


def test_a_cell_of_the_diagram_is_that_training_run(tmp_path):
    found = scaling_up.sweep(TINY, store=tmp_path)
    table = scaling_up.diagram(TINY, found)
    runs = branches(replace(TINY.config, learning_rate=0.05), decay_epochs=[3], seeds=[5])
    assert table.test_error[1, 1, 1] == float(runs.test_error[0, 0, -1])
    for name in ("test_loss", "train_loss"):
        column = TINY.table(found.column(name))
        assert column[1, 1, 1] == float(getattr(runs, name)[0, 0, -1])
        assert column[1, 0, 1] != column[1, 1, 1]
    assert np.isnan(table.mean[2]).all()
    assert np.isfinite(table.mean[:2]).all()
    assert (TINY.table(found.column("diverged_step"))[2] >= 0).all()
    assert scaling_up.sweep(TINY, store=tmp_path).computed == 0


def test_tails_of_one_trunk_are_the_tails_of_their_own_trunks():
    apart, together = (replace(TINY, together=together) for together in (False, True))
    assert (len(apart.specs), len(together.specs)) == (12, 6)
    one, other = (axes.table(scaling_up.sweep(axes).column("test_loss")) for axes in (apart, together))
    assert one.shape == other.shape == TINY.shape
    # Rows of a batched product may be summed in another order: float32, three epochs; the third rate diverges.
    np.testing.assert_allclose(one[:2], other[:2], rtol=0, atol=1e-4)
    assert len({round(float(v), 6) for v in one[:2].ravel()}) == 8


def test_a_killed_run_goes_on_from_its_checkpoint(tmp_path, monkeypatch):
    spec, run_epoch, seen = TINY.specs[0], loop.Loop.run_epoch, []
    whole = scaling_up.run_one(spec)
    monkeypatch.setenv("LRDECAY_CHECKPOINTS", str(tmp_path / "states"))

    def stops(self):
        seen.append(self.epoch)
        if seen == [0, 1, 2]:
            raise KeyboardInterrupt
        run_epoch(self)

    monkeypatch.setattr(loop.Loop, "run_epoch", stops)
    with pytest.raises(KeyboardInterrupt):
        scaling_up.run_one(spec)
    assert len(list((tmp_path / "states").iterdir())) == 2  # the last state and the one before
    again = scaling_up.run_one(spec)
    assert seen == [0, 1, 2, 2]
    assert {name: value.tolist() for name, value in again.items()} == {n: v.tolist() for n, v in whole.items()}
    assert not list((tmp_path / "states").iterdir())
