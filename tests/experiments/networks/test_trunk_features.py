from dataclasses import replace

import numpy as np
import pytest
import torch

from lrdecay_core import data, networks
from lrdecay_core.experiments.networks import trunk_features
from lrdecay_core.parameters import Layout
from lrdecay_core.training import TrainConfig, branches, objective

CONFIG = TrainConfig(
    network="mlp", dataset="digits", loss="cross_entropy", learning_rate=0.1, decayed_rate=0.01, batch_size=10,
    num_train=60, width=8, epochs=6, label_corruption=0.2,
)  # fmt: skip


@pytest.fixture(scope="module")
def runs():
    return branches(CONFIG, decay_epochs=(2, 4), seeds=(3, 5), trunk_epochs=(0, 2, 4))


def test_features_are_read_off_the_trunk_and_one_trial_epoch(runs):
    found = trunk_features.read(runs)
    at = {float(epoch): k for k, epoch in enumerate(runs.epochs)}
    trunk, tail = runs.train_loss[1], runs.train_loss[0]
    np.testing.assert_allclose(found["progress"][0], trunk[:, at[2]] / trunk[:, at[0]])
    np.testing.assert_allclose(found["plateau"][1], np.log(trunk[:, at[2]] / trunk[:, at[4]]))
    np.testing.assert_allclose(found["trial drop"][0], np.log(trunk[:, at[2]] / tail[:, at[3]]))
    moved = np.linalg.norm(runs.trunk[2] - runs.trunk[0], axis=1) / np.linalg.norm(runs.trunk[0], axis=1)
    np.testing.assert_allclose(found["distance"][1], np.log(moved), rtol=1e-6)  # float32


def test_noise_scale_equals_gradients_one_by_one(runs, monkeypatch):
    monkeypatch.setattr(trunk_features, "BATCHES", 6)  # one epoch exactly: no sample twice
    found = trunk_features.noise_scale(runs, 1)
    dataset = data.load("digits")
    net = networks.build("mlp", input_shape=(8, 8), num_classes=10, width=8, seed=0)
    layout = Layout.of(net)
    net.load_state_dict(layout.unflatten(torch.as_tensor(runs.trunk[1, 1])))
    given = torch.as_tensor(
        trunk_features.draws.corrupted_labels(CONFIG, 5, dataset.train.targets[:60], dataset.num_classes)
    )
    order = trunk_features.draws.draw_epoch(CONFIG, [5], 2, given[None].numpy(), (8, 8), 10, torch.device("cpu")).order[
        0
    ]
    gradients = []
    for batch in order.unflatten(0, (6, 10)):
        net.zero_grad()
        logits = net(torch.as_tensor(dataset.train.inputs)[batch])
        objective.batch_loss("cross_entropy", logits.T[None], torch.eye(10)[given[batch]].T[None]).sum().backward()
        gradients.append(torch.cat([p.grad.flatten() for p in net.parameters()]).double())
    stack = torch.stack(gradients)
    trace, mean = float(stack.var(dim=0).sum()), float(stack.mean(dim=0).square().sum())
    expected = 10 * trace / max(mean - trace / 6, mean / 100)
    # gradients are read off float32 weights of order 0.3 after a step of rate 1: errors of 1e-7 in entries of 1e-2
    assert found[1] == pytest.approx(expected, rel=1e-3)


def test_watch_gives_a_number_for_every_candidate_and_seed():
    found = trunk_features.watch({"config": replace(CONFIG, epochs=5), "decay_epochs": (2, 4), "seeds": (3, 5)})
    assert {name: found[name].shape for name in ("test_error", *trunk_features.FEATURES)} == dict.fromkeys(
        ("test_error", *trunk_features.FEATURES), (2, 2)
    )
    assert found["cosine"].shape == found["sharpness"].shape == (2,)
    assert all(np.isfinite(values).all() for values in found.values())


def test_sharpness_is_the_rate_times_the_top_eigenvalue_of_the_loss_that_is_trained_on():
    config = replace(CONFIG, width=2, num_train=20, label_noise=0.3, epochs=4)
    runs = branches(config, decay_epochs=(2,), seeds=(3, 5), trunk_epochs=(0, 2))
    dataset = data.load("digits")
    net = networks.build("mlp", input_shape=(8, 8), num_classes=10, width=2, seed=0)
    given = trunk_features.draws.corrupted_labels(config, 5, dataset.train.targets[:20], 10)
    layout, targets = Layout.of(net), 0.7 * torch.eye(10)[torch.as_tensor(given)] + 0.03

    def loss(vector):
        logits = torch.func.functional_call(net, layout.unflatten(vector), torch.as_tensor(dataset.train.inputs[:20]))
        return -(targets * logits.log_softmax(dim=1)).sum(dim=1).mean()

    whole = torch.autograd.functional.hessian(loss, torch.as_tensor(runs.trunk[1, 1]))
    top = float(torch.linalg.eigvalsh(whole.double())[-1])
    assert trunk_features.sharpness(runs, 1)[1] == pytest.approx(0.1 * top, rel=trunk_features.ACCURACY)


def test_a_diverged_trunk_has_no_sharpness(runs):
    trunk = runs.trunk.copy()
    trunk[1, 0, 3] = np.nan
    found = trunk_features.sharpness(replace(runs, trunk=trunk), 1)
    assert np.isnan(found).tolist() == [True, False]
