from dataclasses import replace

import numpy as np
import pytest
import torch

from lrdecay_core.experiments.landscapes import solutions
from lrdecay_core.experiments.landscapes.solutions import Cell
from lrdecay_core.training import TrainConfig, branches

CONFIG = TrainConfig(
    network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01, batch_size=10, epochs=4,
    num_train=40, width=8, label_noise=0.3,
)  # fmt: skip
CELL = Cell(config=CONFIG, decay_epochs=(1, 2, 3), trunk_epochs=(0, 1, 2, 3), seeds=(0, 1, 2), probe_steps=5)


@pytest.fixture(scope="module")
def found():
    return solutions.run({"a": CELL, "b": replace(CELL, seeds=(7,), probe_steps=0)}, workers=1)


@pytest.mark.parametrize(("network", "dataset"), [("mlp", "digits"), ("cnn2d", "digits"), ("cnn1d", "mnist1d")])
@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_losses_are_what_training_records(network, dataset, loss):
    config = replace(CONFIG, network=network, dataset=dataset, loss=loss)
    runs = branches(config, decay_epochs=[1], seeds=[3, 4])
    both = solutions.losses(config)
    for name, recorded in (("train", runs.train_loss), ("test", runs.test_loss)):
        for s in range(2):
            # float32 sums over at most 1,000 samples in another order
            assert float(both[name](runs.weights[0, s])) == pytest.approx(recorded[0, s, -1], rel=1e-5)
        stacked = solutions.objective_of(config, name)(torch.from_numpy(runs.weights[0].copy()))
        np.testing.assert_allclose(stacked, recorded[0, :, -1], rtol=1e-5)


def test_the_probe_goes_down_the_testing_loss_from_every_end(found):
    one = found["a"]
    test, train = (solutions.losses(CONFIG)[name] for name in ("test", "train"))
    assert (one.gain > 0).all()
    for d, s in np.ndindex(3, 3):
        # the same network evaluated in a stack and alone, float32
        assert float(test(one.optimal[d, s])) == pytest.approx(one.optimal_test[d, s], rel=1e-5)
        assert float(train(one.optimal[d, s])) == pytest.approx(one.optimal_train[d, s], rel=1e-5)
        assert float(test(one.ends[d, s])) - one.optimal_test[d, s] == pytest.approx(one.gain[d, s], abs=1e-5)
    np.testing.assert_allclose(
        one.distance[1, 2], np.sqrt(np.square(one.optimal[1, 2].astype(float) - one.ends[1, 2]).sum()), rtol=1e-12
    )


def test_descent_stops_at_a_hundredth_of_its_own_start_or_a_short_gradient():
    ends = branches(CONFIG, decay_epochs=[1], seeds=[0, 1]).weights[0]
    narrow = replace(CONFIG, width=8)
    result = solutions.probe(narrow, ends, max_steps=30)
    assert (result.steps <= 30).all()
    goal = solutions.TARGET * result.start_loss
    for loss, limit, norm, reason in zip(result.loss, goal, result.gradient_norm, result.reason, strict=True):
        assert (reason == "loss") == (loss <= limit)
        if reason == "gradient":
            assert norm <= solutions.GRADIENT_BOUND
    alone = solutions.probe(narrow, ends[1:], max_steps=30)
    # a run is the same alone and in a batch up to float32 sums, which thirty quasi-Newton steps amplify
    np.testing.assert_allclose(alone.loss, result.loss[1:], rtol=0.05)


def test_seeds_come_back_in_order_with_their_trunk(found):
    one = found["a"]
    assert one.runs.seeds == (0, 1, 2)
    assert one.reason.shape == (3, 3)
    direct = branches(CONFIG, decay_epochs=(1, 2, 3), seeds=(2,), trunk_epochs=(0, 1, 2, 3))
    np.testing.assert_allclose(one.ends[:, 2], direct.weights[:, 0], atol=2e-6)  # float32, batched otherwise
    np.testing.assert_allclose(one.trunk_at_decay[:, 2], direct.trunk[1:, 0], atol=2e-6)


def test_a_cell_that_is_not_probed_says_so(found):
    other = found["b"]
    assert np.isnan(other.distance).all()
    assert np.isnan(other.gain).all()
    assert (other.reason == "").all()


def test_a_stored_solution_is_the_one_that_was_found(tmp_path, monkeypatch):
    small = {"a": replace(CELL, seeds=(0, 1))}
    monkeypatch.setenv("LRDECAY_STORE", str(tmp_path))
    first = solutions.run(small, workers=1)["a"]
    monkeypatch.setattr("lrdecay_core.sweeps.runner._call", lambda *_: 1 / 0)  # whatever is computed again, fails
    again = solutions.run(small, workers=1)["a"]
    for name in ("optimal", "optimal_test", "optimal_train", "reason", "ends", "trunk_at_decay", "distance"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    assert (again.runs.config, again.runs.seeds, again.seconds) == (CONFIG, (0, 1), first.seconds)
