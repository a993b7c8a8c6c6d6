from dataclasses import replace

import numpy as np
import pytest
import torch

from lrdecay_core.experiments.landscapes import mirror, solutions
from lrdecay_core.experiments.landscapes.mirror import MODEL, Study
from lrdecay_core.experiments.landscapes.model_ends import KINDS, Model, ends
from lrdecay_core.experiments.landscapes.solutions import Cell
from lrdecay_core.experiments.landscapes.views import look
from lrdecay_core.training import TrainConfig

CELL = Cell(
    config=TrainConfig(
        network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01, batch_size=10,
        num_train=50, width=6, label_noise=0.1, epochs=4,
    ),
    decay_epochs=(1, 3), trunk_epochs=(), seeds=(0, 1, 2),
)  # fmt: skip
SMALL = replace(CELL, config=replace(CELL.config, learning_rate=0.01, decayed_rate=0.005))
STUDY = Study(
    problems=(5, 6),
    networks={"tiny": CELL},
    small_rate={"tiny": SMALL},
    model=Model(num_samples=6, num_features=12, sparsity=2, late=200),
)


@pytest.fixture(scope="module")
def solved():
    return solutions.run({"main": CELL, "small": SMALL}, workers=1)


@pytest.fixture(scope="module")
def result():
    return mirror.run(STUDY, workers=1)


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_settings_are_what_the_claim_asks_for(profile):
    study = mirror.study(profile)
    for name, cell in study.networks.items():
        c = cell.config
        early, late = cell.decay_epochs
        assert c.loss == "squared"  # a testing minimum exists
        assert early <= 0.02 * c.epochs
        assert late == c.epochs / 2
        small = study.small_rate[name]
        assert small.config.learning_rate == pytest.approx(c.learning_rate / 10)
        same = replace(small.config, learning_rate=c.learning_rate, decayed_rate=c.decayed_rate)
        assert replace(small, config=same) == cell
    if profile == "book":
        assert {len(cell.seeds) for cell in study.networks.values()} == {8}
        assert len(study.problems) == 8


def test_pairs_are_early_then_late_each_with_its_own_minimum(solved):
    pairs = mirror.network_ends(CELL.config, solved["main"], solved["small"])
    assert list(pairs) == ["main", "unrelated", "small rate"]
    for kind, name in (("main", "main"), ("small rate", "small")):
        for s, (early, late, from_late, from_early) in enumerate(pairs[kind]):
            np.testing.assert_array_equal([early, late], solved[name].ends[:, s])
            np.testing.assert_array_equal([from_early, from_late], solved[name].optimal[:, s])


def test_unrelated_pair_is_the_next_seed_as_a_function_and_nearer_in_weights(solved):
    loss, small = solutions.losses(CELL.config), solved["small"]
    for s, group in enumerate(mirror.network_ends(CELL.config, solved["main"], small)["unrelated"]):
        other = (s + 1) % 3
        early, late, from_late, from_early = (torch.from_numpy(np.array(v)) for v in group)
        np.testing.assert_array_equal(early, small.ends[1, s])
        np.testing.assert_array_equal(from_early, small.optimal[1, s])
        for vector, original in ((late, small.ends[1, other]), (from_late, small.optimal[1, other])):
            for name in ("train", "test"):
                # a permutation changes the order of float32 sums
                assert float(loss[name](vector)) == pytest.approx(float(loss[name](original)), rel=1e-4)
        assert (late - early).norm() < np.linalg.norm(small.ends[1, other] - small.ends[1, s])
        # the minimum stays as far from its start as it was: both were moved by one permutation
        expected = np.linalg.norm(small.optimal[1, other] - small.ends[1, other])
        assert float((from_late - late).norm()) == pytest.approx(expected, rel=1e-5)


def test_run_looks_at_every_pair_of_every_subject(result):
    assert list(result.views) == [MODEL, "tiny"]
    assert tuple(result.views[MODEL]) == KINDS
    assert {len(v.length) for v in result.views[MODEL].values()} == {2}
    assert {len(v.length) for v in result.views["tiny"].values()} == {3}
    alone = look(ends(STUDY.model, "dense truth", 6))
    np.testing.assert_array_equal(result.views[MODEL]["dense truth"].line["test"][1], alone.line["test"][0])
    assert result.seconds > 0


def test_network_views_start_and_end_at_the_recorded_losses(result, solved):
    runs, line = solved["main"].runs, result.views["tiny"]["main"].line
    for arm, at in ((0, 20), (1, 40)):  # t = 0 and t = 1
        # the same float32 loss, summed in other blocks
        np.testing.assert_allclose(line["test"][:, at], runs.test_loss[arm, :, -1], rtol=1e-4)
        np.testing.assert_allclose(line["train"][:, at], runs.train_loss[arm, :, -1], rtol=1e-4)


def test_descriptions_name_settings_and_how_descents_ended(result, monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")
    text = mirror.describe(mirror.study())
    assert text.count("\n| ") == 4
    assert "8 problems" in text
    assert "step 30 and at step 1,500" in text
    told = replace(result, reasons={"tiny": np.array([["loss", "steps"], ["gradient", "stalled"]])})
    assert mirror.describe_optima(told) == "tiny: 2 of 4 descents to $O$ ended by rule."
