from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from lrdecay_core import data, networks
from lrdecay_core.training import Ensemble, objective
from lrdecay_core.training.autograd import Autograd
from lrdecay_core.training.ensemble import fastest
from lrdecay_core.training.written_out import WrittenOut

CPU = torch.device("cpu")
ENGINES = [Autograd, WrittenOut]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("network", ["mlp", "cnn2d"])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared"])
@pytest.mark.parametrize(("momentum", "weight_decay"), [(0.5, 1e-3), (0.0, 1e-3), (0.0, 0.0)])
def test_forty_steps_equal_a_plain_loop_with_torch_optim(config, network, loss, engine, momentum, weight_decay):
    config = replace(config, network=network, loss=loss, momentum=momentum, weight_decay=weight_decay)
    dataset = data.load("digits")
    seeds, rates = (3, 8), torch.tensor([[0.1], [0.02]])
    ensemble = Ensemble(config, dataset, seeds, CPU, engine=engine)
    nets = [networks.build(network, input_shape=(8, 8), num_classes=10, width=6, seed=seed) for seed in seeds]
    optimizers = [
        torch.optim.SGD(net.parameters(), lr=float(rate), momentum=momentum, weight_decay=weight_decay)
        for net, rate in zip(nets, rates, strict=True)
    ]
    inputs = torch.as_tensor(dataset.train.inputs)
    labels = torch.as_tensor(dataset.train.targets)
    samples = ensemble.prepare(inputs)
    generator = torch.Generator().manual_seed(0)
    for _ in range(40):
        batch = torch.randint(1000, (2, 7), generator=generator)
        targets = functional.one_hot(labels[batch], 10).float()
        ensemble.step(samples[batch], targets.transpose(1, 2), rates)
        for r, (net, optimizer) in enumerate(zip(nets, optimizers, strict=True)):
            optimizer.zero_grad()
            objective.batch_loss(loss, net(inputs[batch[r]]).T[None], targets[r].T[None]).sum().backward()
            optimizer.step()
    expected = torch.stack([ensemble.layout.flatten(dict(net.named_parameters())) for net in nets]).detach()
    # float32: 40 updates of weights of order 0.3, each rounded at 3e-8
    torch.testing.assert_close(ensemble.weights, expected, rtol=0, atol=2e-6)


def test_evaluate_equals_the_plain_networks_in_blocks_and_whole(config):
    dataset = data.load("digits")
    ensemble = Ensemble(config, dataset, range(11), CPU)  # more rows than one evaluation block
    inputs, labels = torch.as_tensor(dataset.test.inputs), torch.as_tensor(dataset.test.targets)
    loss, error = ensemble.evaluate(inputs, labels)
    net = networks.build("mlp", input_shape=(8, 8), num_classes=10, width=6, seed=9)
    with torch.no_grad():
        logits = net(inputs)
    uniform = 1 - 0.8 * 0.95
    targets = objective.targets_table(10, uniform, CPU)[labels]
    expected = functional.kl_div(logits.log_softmax(1), targets, reduction="batchmean")
    torch.testing.assert_close(loss[9], expected, rtol=0, atol=1e-6)
    assert error[9] == (logits.argmax(1) != labels).float().mean()


@pytest.mark.parametrize("engine", ENGINES)
def test_select_forks_rows(config, engine):
    ensemble = Ensemble(config, data.load("digits"), range(3), CPU, engine=engine)
    ensemble.momentum = torch.randn_like(ensemble.momentum)
    weights, momentum = ensemble.weights.clone(), ensemble.momentum.clone()
    ensemble.select(torch.tensor([2, 0, 0]))
    assert torch.equal(ensemble.weights, weights[[2, 0, 0]])
    assert torch.equal(ensemble.momentum, momentum[[2, 0, 0]])


def test_the_fastest_engine_is_the_one_that_serves_the_configuration(config, monkeypatch):
    monkeypatch.setitem(networks.ARCHITECTURES, "mine", lambda shape, classes: networks.MLP(shape, classes))
    assert all(fastest(replace(config, network=name)) is WrittenOut for name in ("mlp", "cnn1d", "cnn2d"))
    assert fastest(replace(config, network="mine")) is Autograd
    assert fastest(replace(config, precision="bf16")) is Autograd
    assert fastest(replace(config, compile=True)) is Autograd


def a_step(config, network, runs, engine):
    config = replace(config, network=network, width=None, momentum=0.0, weight_decay=0.0)
    dataset = data.load("mnist1d" if network == "cnn1d" else "digits")
    ensemble = Ensemble(config, dataset, range(runs), CPU, engine=engine)
    inputs = ensemble.prepare(torch.as_tensor(dataset.train.inputs[: runs * 7])).unflatten(0, (runs, 7))
    targets = torch.eye(10)[torch.as_tensor(dataset.train.targets[: runs * 7]).unflatten(0, (runs, 7))].mT
    return ensemble, inputs, targets, torch.full((runs, 1), 0.1)


def pointers(ensemble):
    held = getattr(ensemble.engine, "blocks", None) or [ensemble.weights, ensemble.momentum]
    return [tensor.data_ptr() for tensor in held]


@pytest.mark.parametrize(
    ("network", "engine", "limit"),
    [
        ("mlp", Autograd, 31),
        ("cnn1d", Autograd, 54),
        ("cnn2d", Autograd, 46),
        ("mlp", WrittenOut, 20),
        ("cnn1d", WrittenOut, 33),
        ("cnn2d", WrittenOut, 21),
    ],
)
def test_kernels_per_step_do_not_depend_on_runs_and_none_waits(config, kernels, network, engine, limit):
    counts = []
    for runs in (2, 9):
        ensemble, *arguments = a_step(config, network, runs, engine)
        ensemble.step(*arguments)  # makes the buffers
        before = pointers(ensemble)
        with kernels() as counter:
            ensemble.step(*arguments)
        assert pointers(ensemble) == before
        counts.append(counter.total)
    assert counts[0] == counts[1] <= limit, counter.counts


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("network", ["mlp", "cnn1d", "cnn2d"])
def test_the_step_makes_no_tensor_on_another_device(config, cuda_replay, network, engine):
    ensemble, *arguments = a_step(config, network, 3, engine)

    def step(weights, momentum, *rest):
        ensemble.weights, ensemble.momentum = weights, momentum
        return ensemble.step(*rest), ensemble.weights

    found = cuda_replay(step, ensemble.weights, ensemble.momentum, *arguments)
    assert all(t.device.type == "cuda" for t in found)
    ensemble, *arguments = a_step(config, network, 3, engine)
    before = ensemble.weights.clone()
    with torch.device("meta"):  # poison: whatever does not name its device lands there
        ensemble.step(*arguments)
    assert (ensemble.weights != before).any()
