import numpy as np
import pytest

from lrdecay_core.experiments.landscapes import model_ends, planes, solutions
from lrdecay_core.experiments.landscapes.solutions import Cell
from lrdecay_core.experiments.landscapes.views import look
from lrdecay_core.training import TrainConfig

CONFIG = TrainConfig(
    network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01, batch_size=10, epochs=5,
    num_train=40, width=8, label_noise=0.3,
)  # fmt: skip
CELL = Cell(config=CONFIG, decay_epochs=(1, 3), trunk_epochs=(0, 1, 3), seeds=(0, 1), probe_steps=10)


@pytest.fixture(scope="module")
def found():
    return solutions.run({"a": CELL}, workers=1)["a"]


def drawn(task, num):
    return planes.picture(task, planes.look(task, num=num))


def test_the_plane_runs_from_early_to_late_and_towards_the_minimum_found_from_late(found):
    seen = drawn(planes.task(CELL, found, seed=1), 5)
    early, late, optimum = (v.astype(float) for v in (found.ends[0, 1], found.ends[1, 1], found.optimal[1, 1]))
    np.testing.assert_allclose(seen.anchors[1], [np.linalg.norm(late - early), 0], atol=1e-9)
    # float32 weights, distances in float64
    assert np.linalg.norm(seen.anchors[2] - seen.anchors[1]) == pytest.approx(np.linalg.norm(optimum - late), rel=1e-6)
    np.testing.assert_allclose(seen.ends.coords, seen.anchors[:2], atol=1e-6)
    np.testing.assert_allclose(seen.ends.distance, 0, atol=1e-6)
    assert seen.trunk.distance.shape == (3,)
    assert (seen.trunk.distance > 0).all()


def test_levels_start_below_the_late_end_and_end_above_the_early_one(found):
    seen = drawn(planes.task(CELL, found), 3)
    test = found.runs.test_loss[:, 0, -1]
    # the recorded loss is summed in another order
    np.testing.assert_allclose(seen.levels[[0, -1]], [test[1] / 4, 8 * test[0]], rtol=1e-5)
    assert (np.diff(np.log(seen.levels)) > 0).all()


def test_the_model_stands_on_level_ground_and_falls_in_testing():
    seen = drawn(planes.model_task(), 15)
    surface, plane = seen.surface, seen.surface.plane
    assert seen.decay_times == (30, 1500)
    losses = {name: [float(v) for v in _at(seen, name)] for name in ("train", "test")}
    assert max(losses["train"][:2]) < 1e-12  # decays of vanishing rate land on the valley floor
    assert losses["test"][0] > losses["test"][1] > losses["test"][2]
    assert losses["test"][2] == pytest.approx(0, abs=1e-12)  # the truth
    assert surface["train"].shape == (15, 15)
    assert plane.distance(plane.origin) < 1e-12


def test_the_ends_have_their_own_losses(found):
    seen = drawn(planes.task(CELL, found), 3)
    # the recorded losses are summed in another order
    np.testing.assert_allclose(seen.end_losses["test"], found.runs.test_loss[:, 0, -1], rtol=1e-5)
    np.testing.assert_allclose(seen.end_losses["train"], found.runs.train_loss[:, 0, -1], rtol=1e-5)


def test_a_window_shows_a_pair_of_views_with_its_length_as_the_unit():
    model = model_ends.Model()
    views = look(model_ends.ends(model, "main", 0))
    seen = planes.window(views, (model.early, model.late))
    np.testing.assert_allclose(seen.anchors, [[0, 0], [1, 0], views.optimum[0, 0]], atol=1e-12)
    np.testing.assert_array_equal(seen.surface["test"], views.plane["test"][0, 0])
    exact = drawn(planes.model_task(), 3)
    # the same ends on the line and on the plane, evaluated at E + t (L - E)
    np.testing.assert_allclose(seen.end_losses["test"], exact.end_losses["test"], rtol=1e-9)
    np.testing.assert_allclose(seen.levels, exact.levels, rtol=1e-9)
    assert seen.decay_times == (30, 1500)


def _at(seen, name):
    loss = model_ends.ends(model_ends.Model(), "main", 0).losses[name]
    return [loss(seen.surface.plane.point(*anchor)) for anchor in seen.anchors]
