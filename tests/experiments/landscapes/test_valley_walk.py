from dataclasses import replace

import numpy as np
import pytest
import torch

from lrdecay_core.experiments.landscapes import solutions, valley_walk
from lrdecay_core.experiments.landscapes.solutions import Cell
from lrdecay_core.experiments.landscapes.valley_walk import Walk
from lrdecay_core.training import TrainConfig, branches

CONFIG = TrainConfig(
    network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01, batch_size=10, epochs=6,
    num_train=40, width=8, label_noise=0.3,
)  # fmt: skip
CELL = Cell(config=CONFIG, decay_epochs=(1, 3, 5), trunk_epochs=(0, 1, 2, 3, 4, 5), seeds=(0, 1), probe_steps=0)
SHORT = TrainConfig(
    network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01, batch_size=10, epochs=3,
    num_train=40, width=8, label_noise=0.3,
)  # fmt: skip
TWO = Cell(config=SHORT, decay_epochs=(1, 2), trunk_epochs=(), seeds=(0, 4))


@pytest.fixture(scope="module")
def found():
    result = solutions.run({"a": CELL}, workers=1)["a"]
    flat = np.ones_like(result.runs.train_loss)
    # every decay past phase I
    return replace(result, runs=replace(result.runs, train_loss=flat * result.runs.train_loss[:, :, -1:]))


@pytest.fixture(scope="module")
def walked(found):
    tasks = valley_walk.tasks(CELL, found)
    return Walk.join(tasks[0], [valley_walk.walk(task) for task in tasks])


def test_walk_measures_distances_and_neighbours_then_the_whole_way(found, walked):
    assert walked.decay_epochs == (1, 3, 5)
    assert walked.pairs == ((1, 3), (3, 5), (1, 5))
    ends, trunk = found.ends.astype(float), found.runs.trunk.astype(float)
    np.testing.assert_allclose(walked.between, np.linalg.norm(ends[2] - ends[0], axis=-1), rtol=1e-12)
    np.testing.assert_allclose(walked.excursion, np.linalg.norm(ends - trunk[[1, 3, 5]], axis=-1), rtol=1e-12)
    np.testing.assert_array_equal(walked.train_loss, found.runs.train_loss[:, :, -1])
    worst = np.maximum.reduce(walked.excursion)
    np.testing.assert_allclose(walked.ratio, walked.between / worst)


def test_barriers_are_those_of_a_plain_loop(found, walked):
    loss = solutions.losses(CONFIG)["train"]
    a, b = found.ends[2, 0].astype(float), valley_walk.tasks(CELL, found)[0].other.astype(float)
    heights = [float(loss(((1 - t) * a + t * b).astype(np.float32))) for t in np.linspace(0, 1, 21)]
    # the line's points differ in the last bit of float32
    assert walked.kin_rise[1, 0] == pytest.approx(max(heights) - max(heights[0], heights[-1]), abs=1e-5)
    draws = np.random.default_rng(0).standard_normal((200, len(a)))
    steps = draws / np.linalg.norm(draws, axis=1, keepdims=True) * np.linalg.norm(b - a)
    around = np.mean([float(loss((a + step).astype(np.float32))) for step in steps])
    # other directions: a mean over 50 of them scatters by a few per cent
    assert walked.unrelated[0] == pytest.approx(walked.kin_rise[1, 0] / around, rel=0.15)


def test_paths_join_the_ends_and_bending_does_not_raise_the_mean(found):
    task = valley_walk.tasks(CELL, found)[1]
    paths = valley_walk.paths(task, steps=5)
    loss = solutions.losses(CONFIG)["train"]
    assert paths.names == ("decay at 1 to decay at 5", "to the sibling", "to another seed, aligned")
    np.testing.assert_allclose(paths.lines[:, [0, -1]], paths.curves[:, [0, -1]])
    # the descent starts at the line; the mean over 21 points is not quite the one it lowers
    assert (paths.curves.mean(axis=1) <= 1.001 * paths.lines.mean(axis=1)).all()
    assert (paths.curves != paths.lines).any(axis=1).all()
    # ends recomputed one by one, float32
    assert paths.lines[1, 0] == pytest.approx(float(loss(task.ends[-1])), rel=1e-5)
    assert paths.lines[0, 0] == pytest.approx(float(loss(task.ends[0])), rel=1e-5)


def test_track_of_a_trunk_beside_a_bent_line(found):
    ends = np.zeros((3, 1, 4), dtype=np.float32)
    ends[1, 0, 0], ends[2, 0] = 3, [3, 4, 0, 0]
    trunk = np.array([[9, 9, 9, 9], [0, 0, 0, 2], [1, 0, 0, 0], [3, 0, 1, 0], [3, 1, 0, 0], [3, 5, 0, 0]])
    runs = replace(found.runs, weights=ends, trunk=trunk[:, None].astype(np.float32), seeds=(0,))
    track = valley_walk.track(replace(found, runs=runs))
    assert track.epochs == (1, 2, 3, 4, 5)  # nothing before the first decay
    np.testing.assert_allclose(track.along[:, 0], [0, 1, 3, 4, 7])
    np.testing.assert_allclose(track.across[:, 0], [2, 0, 1, 0, 1])


def test_one_decay_past_phase_one_is_no_walk(found):
    loss = found.runs.train_loss.copy()
    loss[-1] = np.where(found.runs.epochs <= 3, 10.0, 1.0)
    late = replace(found, runs=replace(found.runs, train_loss=loss))
    with pytest.raises(ValueError, match="`found` must have two decays past phase I"):
        valley_walk.tasks(CELL, late)


def test_siblings_share_the_first_epochs_and_nothing_after():
    runs = branches(SHORT, decay_epochs=(1, 2), seeds=(0, 4))
    same = valley_walk.siblings(TWO, apart=SHORT.epochs)
    np.testing.assert_allclose(same, runs.weights, atol=2e-6)  # float32, steps batched otherwise
    apart = np.linalg.norm(valley_walk.siblings(TWO) - runs.weights, axis=-1)
    assert (apart > 1e-3).all()  # far above rounding; the earlier decay leaves little rate to part with


def test_a_sibling_starts_from_the_weights_of_its_own_seed():
    runs = branches(SHORT, decay_epochs=(1, 2), seeds=(0, 4))
    sibling = valley_walk.siblings(TWO)[1]
    own, other = (np.linalg.norm(sibling - ends, axis=-1) for ends in (runs.weights[1], runs.weights[1, ::-1]))
    assert (own < other).all()


def test_siblings_do_not_depend_on_their_company():
    alone = valley_walk.siblings(replace(TWO, seeds=(4,)))
    np.testing.assert_allclose(alone[:, 0], valley_walk.siblings(TWO)[:, 1], atol=2e-6)  # float32, batched otherwise


def test_unrelated_ends_are_the_next_seeds_network_with_other_names_for_its_units():
    ends = branches(SHORT, decay_epochs=(2,), seeds=(0, 1, 2)).weights[0]
    found = valley_walk.unrelated(SHORT, ends)
    loss = solutions.losses(SHORT)["test"]
    for s in range(3):
        # the same function; its hidden sums run in another order
        torch.testing.assert_close(loss(found[s]), loss(ends[(s + 1) % 3]), rtol=1e-5, atol=0)
    before, after = (np.linalg.norm(other - ends, axis=1) for other in (np.roll(ends, -1, 0), found))
    assert (after < before).all()
