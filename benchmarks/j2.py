"""Network ensembles: the library against one ``nn.Module`` after another, trained on indexed batches."""

from __future__ import annotations

from typing import Any

from benchmarks import ratio  # first: it pins the process

import torch  # isort: skip
from torch.nn import functional  # isort: skip

from lrdecay_core import data, networks, training  # isort: skip

RUNS, STEPS, RATE = 8, 20, 0.05
FLOP = {"cnn1d": 185_750, "mlp": 82_000}  # per sample, forward and backward


def compare(network: str, batch: int, rounds: int) -> dict[str, Any]:
    """Return the comparison for 8 runs, after asserting that all end at the same weights."""
    dataset, seeds = data.load("mnist1d"), range(RUNS)
    inputs, labels = torch.as_tensor(dataset.train.inputs), torch.as_tensor(dataset.train.targets)
    config = training.TrainConfig(
        network=network,
        dataset="mnist1d",
        loss="cross_entropy",
        learning_rate=RATE,
        decayed_rate=RATE,
        batch_size=batch,
        epochs=1,
    )
    order = torch.stack([torch.randperm(len(inputs), generator=torch.Generator().manual_seed(s)) for s in seeds])
    batches = order[:, : STEPS * batch].view(RUNS, STEPS, batch).transpose(0, 1)
    one_hot = torch.eye(dataset.num_classes)
    rates = torch.full((RUNS, 1), RATE)

    def ours() -> torch.Tensor:
        ensemble = training.Ensemble(config, dataset, seeds, torch.device("cpu"))
        for rows in batches:
            ensemble.step(inputs[rows], one_hot[labels[rows]].transpose(1, 2), rates)
        return ensemble.weights

    def modules() -> torch.Tensor:
        flat = []
        for seed in seeds:
            net = networks.build(network, input_shape=dataset.input_shape, num_classes=dataset.num_classes, seed=seed)
            optimizer = torch.optim.SGD(net.parameters(), lr=RATE)
            for rows in batches[:, seed]:
                optimizer.zero_grad()
                functional.cross_entropy(net(inputs[rows]), labels[rows]).backward()
                optimizer.step()
            flat.append(torch.cat([p.detach().flatten() for p in net.parameters()]))
        return torch.stack(flat)

    torch.testing.assert_close(ours(), modules(), rtol=0, atol=1e-5)  # float32, 20 updates
    samples = RUNS * STEPS * batch
    variants = {"ours": ratio.Variant(ours, samples), "nn.Module and optim.SGD": ratio.Variant(modules, samples)}
    return ratio.compare(variants, ours="ours", flop=FLOP[network], dtype=torch.float32, rounds=rounds)
