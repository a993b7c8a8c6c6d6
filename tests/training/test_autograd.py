from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from lrdecay_core import data, networks
from lrdecay_core.training import Ensemble, autograd, branches, objective
from lrdecay_core.training.loop import Loop
from lrdecay_core.training.written_out import WrittenOut

CPU = torch.device("cpu")


def test_a_batch_may_be_shared_by_consecutive_rows(config):
    dataset = data.load("digits")
    inputs, targets = torch.rand(2, 7, 8, 8), torch.eye(10)[torch.randint(10, (2, 7))].mT
    rates = torch.full((6, 1), 0.1)
    shared, repeated = (Ensemble(config, dataset, range(6), CPU, engine=autograd.Autograd) for _ in range(2))
    shared.step(inputs, targets, rates)
    repeated.step(inputs.repeat_interleave(3, dim=0), targets.repeat_interleave(3, dim=0), rates)
    assert torch.equal(shared.weights, repeated.weights)


def test_a_users_module_trains_like_the_network_it_copies(config, monkeypatch):
    def factory(shape, classes, width):
        layers = [nn.Linear(np.prod(shape), width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()]
        return nn.Sequential(nn.Flatten(), *layers, nn.Linear(width, classes))

    monkeypatch.setitem(networks.ARCHITECTURES, "mine", factory)
    mine, ours = (
        branches(replace(config, network=name), decay_epochs=[1, 3], seeds=[2, 5]) for name in ("mine", "mlp")
    )
    # float32, 40 updates by two routes
    np.testing.assert_allclose(mine.weights, ours.weights, rtol=0, atol=1e-5)
    np.testing.assert_allclose(mine.test_loss, ours.test_loss, rtol=0, atol=1e-5)


def test_a_users_module_with_batch_statistics_is_refused_by_name(config, monkeypatch):
    def factory(shape, classes, width):
        return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Linear(64, classes))

    monkeypatch.setitem(networks.ARCHITECTURES, "mine", factory)
    with pytest.raises(ValueError, match="`network` layer '1' must not depend on the batch"):
        branches(replace(config, network="mine"), decay_epochs=[1], seeds=[2])


def test_bf16_keeps_weights_in_float32_and_stays_near(config):
    full, low = (
        branches(replace(config, precision=precision), decay_epochs=[2], seeds=[1]) for precision in ("float32", "bf16")
    )
    assert low.weights.dtype == np.float32
    change = np.abs(full.weights - low.weights).max()
    # by float32 rounding alone, autograd and the written-out step differ by less than 1e-5
    assert 1e-4 < change < 0.05  # 8 bits: 40 steps of gradients off by 0.4 % each, rate 0.1, gradients of order one


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # tracing torch's own Function
@pytest.mark.parametrize("network", ["mlp", "cnn1d"])
def test_compiled_losses_are_the_plain_ones(config, monkeypatch, network):
    # The graph is traced and run as it is: inductor's C++ build takes tens of seconds per shape on a CPU.
    compiler = torch.compile
    monkeypatch.setattr(torch, "compile", lambda function: compiler(function, backend="aot_eager", fullgraph=True))
    config = replace(config, network=network, dataset="mnist1d", epochs=2)
    plain, compiled = (branches(replace(config, compile=c), decay_epochs=[1], seeds=[1, 2]) for c in (False, True))
    np.testing.assert_allclose(compiled.weights, plain.weights, rtol=0, atol=1e-5)


OPTIMISERS = {
    "nesterov": lambda parameters, rate: torch.optim.SGD(
        parameters, lr=rate, momentum=0.5, weight_decay=1e-3, nesterov=True
    ),
    "adamw": lambda parameters, rate: torch.optim.AdamW(
        parameters, lr=rate, betas=(0.5, 0.999), eps=1e-8, weight_decay=1e-3
    ),
}


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_other_optimisers_equal_torch_optim_across_a_fork(config, optimiser):
    dataset, rates = data.load("digits"), torch.tensor([[0.01], [0.002]], dtype=torch.float64)
    ensemble = Ensemble(replace(config, optimiser=optimiser), dataset, [3], CPU)
    assert isinstance(ensemble.engine, autograd.Autograd)
    ensemble.weights, ensemble.momentum = ensemble.weights.double(), ensemble.momentum.double()
    nets = [networks.build("mlp", input_shape=(8, 8), num_classes=10, width=6, seed=3).double() for _ in range(2)]
    steppers = [OPTIMISERS[optimiser](net.parameters(), 0.01) for net in nets]
    inputs, table = torch.as_tensor(dataset.train.inputs).double(), torch.eye(10, dtype=torch.float64)
    labels, generator = torch.as_tensor(dataset.train.targets), torch.Generator().manual_seed(0)
    for step in range(30):
        if step == 10:  # the second row leaves the trunk, with the trunk's state, and slows down
            ensemble.select(torch.tensor([0, 0]))
            steppers[1].param_groups[0]["lr"] = 0.002
        batch = torch.randint(1000, (1, 7), generator=generator)
        targets = table[labels[batch]].mT
        ensemble.step(inputs[batch], targets, rates[: 1 if step < 10 else 2])
        for net, stepper in zip(nets, steppers, strict=True):
            stepper.zero_grad()
            objective.batch_loss(config.loss, net(inputs[batch[0]]).T[None], targets).sum().backward()
            stepper.step()
    expected = torch.stack([ensemble.layout.flatten(dict(net.named_parameters())) for net in nets]).detach()
    # float64: gradients of order one, rounded at 1e-16; AdamW divides them by roots down to 1e-8
    torch.testing.assert_close(ensemble.weights, expected, rtol=0, atol=1e-9)
    assert (expected[0] - expected[1]).abs().max() > 1e-3


def test_a_run_by_adamw_resumes_exactly(config):
    config = replace(config, optimiser="adamw", learning_rate=0.01, decayed_rate=0.001)
    whole = branches(config, decay_epochs=[1, 3], seeds=[1])
    loop = Loop(config, (1, 3), (1,), CPU)
    for _ in range(2):
        loop.run_epoch()
    again = Loop(config, (1, 3), (1,), CPU)
    again.restore(loop.state())
    for _ in range(config.epochs - 2):
        again.run_epoch()
    np.testing.assert_array_equal(again.final_weights(), whole.weights)


def on_images(config, network, device=CPU):
    """Return an engine with two networks, and what a step of it needs."""
    engine_class = WrittenOut if network.endswith("written out") else autograd.Autograd
    network = network.split()[0]
    shape = (3, 8, 8) if network.startswith("resnet18") else (8, 8)
    nets = [networks.build(network, input_shape=shape, num_classes=10, width=2, seed=seed) for seed in (0, 1)]
    engine = engine_class(replace(config, network=network), nets, shape, device)
    draw = torch.Generator().manual_seed(0)
    inputs = engine.prepare(torch.randn(14, *shape, generator=draw).to(device)).unflatten(0, (2, 7))
    targets = torch.randn(2, 10, 7, generator=draw).softmax(1)
    return engine, inputs, targets.to(device), torch.tensor([[0.01], [0.02]], device=device)


def memory(engine):
    held = [*engine.blocks, *engine.velocity] if isinstance(engine, WrittenOut) else [engine.weights, engine.momentum]
    return [tensor.data_ptr() for tensor in held]


WAYS = [{}, {"optimiser": "nesterov"}, {"optimiser": "adamw"}, {"precision": "bf16"}]
STEPS = [(n, w) for n in ("mlp", "cnn2d", "resnet18", "resnet18-channels-last") for w in WAYS]
STEPS += [("mlp written out", {}), ("cnn2d written out", {})]


@pytest.mark.parametrize(("network", "changes"), STEPS)
def test_a_step_changes_its_state_in_place_and_never_waits(config, kernels, network, changes):
    """What a CUDA graph asks of a step: the same memory each time, and no word from the device."""
    engine, *arguments = on_images(replace(config, **changes), network)
    engine.step(*arguments)
    before, start = memory(engine), engine.weights.clone()
    with kernels():
        engine.step(*arguments)
    assert memory(engine) == before
    assert not torch.equal(engine.weights, start)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # tracing torch's own Function
def test_a_compiled_step_of_a_resnet_in_bf16_is_the_plain_one(config, monkeypatch):
    # Read into one graph, which is then run as it is; tracing its backward pass as well takes a minute here.
    compiler = torch.compile
    monkeypatch.setattr(torch, "compile", lambda function: compiler(function, backend="eager", fullgraph=True))
    found, starts = [], []
    for compiled in (False, True):
        engine, *arguments = on_images(replace(config, precision="bf16", compile=compiled), "resnet18")
        starts.append(engine.weights.clone())
        engine.step(*arguments)
        found.append(engine.weights)
    assert torch.equal(*starts)
    assert (found[0] - starts[0]).abs().max() > 1e-3
    torch.testing.assert_close(*found, rtol=0, atol=1e-3)  # rates 0.01 and 0.02, gradients of order one off by 8 bits


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize(("network", "changes"), STEPS)
def test_a_step_captured_as_a_graph_is_the_step(config, network, changes):
    device, found = torch.device("cuda"), []
    for captured in (False, True):
        engine, *arguments = on_images(replace(config, **changes), network, device)
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):  # a graph is captured after a few plain steps
            for _ in range(3):
                engine.step(*arguments)
        torch.cuda.current_stream().wait_stream(beside)
        step = partial(engine.step, *arguments)
        if captured:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):  # notes the step, and does not take it
                step()
            step = graph.replay
        for _ in range(5):
            step()
        torch.cuda.synchronize()
        found.append(engine.weights.cpu())
    torch.testing.assert_close(found[1], found[0], rtol=0, atol=1e-3)  # kernels may add in another order; TF32, bf16
