from dataclasses import replace

import numpy as np
import torch

from lrdecay_core.experiments.landscapes import kin, solutions
from lrdecay_core.experiments.landscapes.solutions import Cell
from lrdecay_core.training import TrainConfig, branches

CONFIG = TrainConfig(
    network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01, batch_size=10, epochs=3,
    num_train=40, width=8, label_noise=0.3,
)  # fmt: skip
CELL = Cell(config=CONFIG, decay_epochs=(1, 2), trunk_epochs=(), seeds=(0, 4))


def test_siblings_share_the_first_epochs_and_nothing_after():
    runs = branches(CONFIG, decay_epochs=(1, 2), seeds=(0, 4))
    same = kin.siblings(CELL, apart=CONFIG.epochs)
    np.testing.assert_allclose(same, runs.weights, atol=2e-6)  # float32, steps batched otherwise
    apart = np.linalg.norm(kin.siblings(CELL) - runs.weights, axis=-1)
    assert (apart > 1e-3).all()  # far above rounding; the earlier decay leaves little rate to part with


def test_a_sibling_starts_from_the_weights_of_its_own_seed():
    runs = branches(CONFIG, decay_epochs=(1, 2), seeds=(0, 4))
    sibling = kin.siblings(CELL)[1]
    own, other = (np.linalg.norm(sibling - ends, axis=-1) for ends in (runs.weights[1], runs.weights[1, ::-1]))
    assert (own < other).all()


def test_siblings_do_not_depend_on_their_company():
    alone = kin.siblings(replace(CELL, seeds=(4,)))
    np.testing.assert_allclose(alone[:, 0], kin.siblings(CELL)[:, 1], atol=2e-6)  # float32, batched otherwise


def test_unrelated_ends_are_the_next_seeds_network_with_other_names_for_its_units():
    ends = branches(CONFIG, decay_epochs=(2,), seeds=(0, 1, 2)).weights[0]
    found = kin.unrelated(CONFIG, ends)
    loss = solutions.losses(CONFIG)["test"]
    for s in range(3):
        # the same function; its hidden sums run in another order
        torch.testing.assert_close(loss(found[s]), loss(ends[(s + 1) % 3]), rtol=1e-5, atol=0)
    before, after = (np.linalg.norm(other - ends, axis=1) for other in (np.roll(ends, -1, 0), found))
    assert (after < before).all()
