"""Network ensembles: the library's loop against one ``nn.Module`` after another, trained on indexed batches.

Every variant trains the same epoch: it draws the order, gathers its batches and takes its steps within the time taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks import ratio  # first: it pins the process

import torch  # isort: skip
from torch import nn  # isort: skip
from torch.nn import functional  # isort: skip

from lrdecay_core import data, networks, training  # isort: skip
from lrdecay_core.training import autograd, draws, loop  # isort: skip

SEEDS, STEPS, RATE = tuple(range(8)), 20, 0.05
FOREVER = 10**6  # epochs, so that no evaluation falls into the time taken
FLOP = {"cnn1d": 185_750, "mlp": 82_000}  # per sample, forward and backward


def compare(network: str, batch: int, rounds: int, ours: str = "ours") -> dict[str, Any]:
    """Return the comparison for 8 runs, after asserting that all make the same epoch.

    Args:
        network: ``"cnn1d"`` or ``"mlp"``.
        batch: batch size.
        rounds: number of rounds.
        ours: the variant whose speed is divided by the others': ``"ours"`` or ``"ours, autograd"``.
    """
    architecture = networks.ARCHITECTURES[network]
    networks.register(f"{network} as a module", lambda shape, classes: architecture(shape, classes))
    settings: dict[str, Any] = {
        "dataset": "mnist1d",
        "loss": "cross_entropy",
        "learning_rate": RATE,
        "decayed_rate": RATE,
        "batch_size": batch,
        "num_train": STEPS * batch,
        "epochs": FOREVER,
    }
    config = training.TrainConfig(network=network, **settings)
    loops = {
        "ours": _loop(config),
        "ours, autograd": _loop(config, engine=autograd.Autograd),
        "vmap of a module": _loop(training.TrainConfig(network=f"{network} as a module", **settings)),
    }
    modules = _modules(config)
    expected, samples = modules(), len(SEEDS) * STEPS * batch
    variants = {"nn.Module and optim.SGD": ratio.Variant(modules, samples)}
    for name, run in loops.items():
        run.run_epoch()
        torch.testing.assert_close(run.ensemble.weights, expected, rtol=0, atol=1e-5)  # float32, 20 updates
        variants[name] = ratio.Variant(run.run_epoch, samples)
    return ratio.compare(variants, ours=ours, flop=FLOP[network], dtype=torch.float32, rounds=rounds)


def _loop(config: training.TrainConfig, **options: Any) -> loop.Loop:
    """Return the state of 8 runs, of which ``run_epoch`` trains one more epoch."""
    return loop.Loop(config, (FOREVER,), SEEDS, torch.device("cpu"), **options)


def _modules(config: training.TrainConfig) -> Callable[[], torch.Tensor]:
    """Return a function that trains 8 modules one more epoch, one after another, and returns their weights."""
    dataset = data.load(config.dataset)
    inputs, labels = torch.as_tensor(dataset.train.inputs), torch.as_tensor(dataset.train.targets)
    shape = {"input_shape": dataset.input_shape, "num_classes": dataset.num_classes}
    nets = [networks.build(config.network, **shape, seed=seed) for seed in SEEDS]
    optimizers = [torch.optim.SGD(net.parameters(), lr=RATE) for net in nets]
    epochs = iter(range(FOREVER))

    def one(net: nn.Module, optimizer: torch.optim.SGD, order: torch.Tensor) -> torch.Tensor:
        for rows in order.view(STEPS, config.batch_size):
            optimizer.zero_grad()
            functional.cross_entropy(net(inputs[rows]), labels[rows]).backward()
            optimizer.step()
        return nn.utils.parameters_to_vector(net.parameters()).detach()

    def epoch() -> torch.Tensor:
        given = dataset.train.targets[None, : config.num_samples].repeat(len(SEEDS), axis=0)
        draw = draws.draw_epoch(
            config, SEEDS, next(epochs), given, dataset.input_shape, dataset.num_classes, torch.device("cpu")
        )
        return torch.stack([one(*each) for each in zip(nets, optimizers, draw.order, strict=True)])

    return epoch
