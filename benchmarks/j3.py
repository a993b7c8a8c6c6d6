"""Losses on a plane: the library against loss-landscapes, at the same points and as a map."""

from __future__ import annotations

import copy
from typing import Any

from benchmarks import ratio  # first: it pins the process

import numpy as np  # isort: skip
import torch  # isort: skip
from torch.nn import functional  # isort: skip

from lrdecay_core import data, landscape, networks  # isort: skip

STEPS, SIDE = 8, 101  # points per axis: at which all variants are compared, and of the map
FLOP = {"cnn1d": 63_500, "mlp": 30_000}  # per sample and point


def trained(network: str) -> tuple[torch.nn.Module, torch.Tensor, dict[str, landscape.Loss]]:
    """Return a network, the weights of three decayed branches of one run (3, P), and both losses."""
    from lrdecay_core import training

    config = training.TrainConfig(
        network=network,
        dataset="mnist1d",
        loss="cross_entropy",
        learning_rate=0.1,
        decayed_rate=0.01,
        batch_size=50,
        epochs=30,
    )
    runs = training.branches(config, decay_epochs=[1, 5, 20], seeds=[0])
    ds = data.load("mnist1d")
    net = networks.build(network, input_shape=ds.input_shape, num_classes=ds.num_classes)
    losses = {
        name: landscape.loss_of(net, functional.cross_entropy, split.inputs, split.targets)
        for name, split in (("train", ds.train), ("test", ds.test))
    }
    return net, torch.as_tensor(runs.weights[:, 0]), losses


def peer(net: torch.nn.Module, plane: landscape.Plane, steps: int, losses: dict[str, landscape.Loss]) -> Any:
    """Return a function that computes both losses on steps x steps points with loss-landscapes."""
    import loss_landscapes
    from loss_landscapes.metrics import Loss

    (low_a, high_a), (low_b, high_b) = plane.box
    corners = []
    for alpha, beta in ((low_a, low_b), (high_a, low_b), (low_a, high_b)):
        corner = copy.deepcopy(net)
        torch.nn.utils.vector_to_parameters(plane.point(alpha, beta), corner.parameters())
        corners.append(corner)

    def run() -> dict[str, np.ndarray]:
        return {
            name: loss_landscapes.planar_interpolation(
                *copy.deepcopy(corners), Loss(functional.cross_entropy, loss.inputs, loss.targets), steps=steps
            )
            for name, loss in losses.items()
        }

    return run


def assert_same(theirs: np.ndarray, ours: np.ndarray) -> None:
    """Compare grids of the same points; every even row of theirs has begun one step along the second axis."""
    np.testing.assert_allclose(theirs[1::2], ours[1:-1:2, :-1], rtol=1e-5)  # float32, summed by repeated addition
    np.testing.assert_allclose(theirs[::2], ours[:-1:2, 1:], rtol=1e-5)


def compare(network: str, rounds: int) -> dict[str, Any]:
    """Return the comparison at the same points, after asserting that all variants find the same losses there."""
    net, vectors, losses = trained(network)
    plane = landscape.plane_through(*vectors)
    by_peer = peer(net, plane, STEPS, losses)
    shared = landscape.surface(plane, losses, num=STEPS + 1, margin=0.0)  # the peer's step is side / STEPS
    for name, values in by_peer().items():
        assert_same(values, shared[name])
    wrapped = {
        name: landscape.loss_of(torch.nn.Sequential(net), loss.criterion, loss.inputs, loss.targets)
        for name, loss in losses.items()
    }
    units = STEPS**2 * sum(len(loss.inputs) for loss in losses.values())

    def ours(functions: Any) -> Any:
        return lambda: landscape.surface(plane, functions, num=STEPS, margin=0.0)

    variants = {
        "ours": ratio.Variant(ours(losses), units),
        "ours, any network": ratio.Variant(ours(wrapped), units),
        "loss-landscapes": ratio.Variant(by_peer, units),
    }
    return ratio.compare(variants, ours="ours", flop=FLOP[network], dtype=torch.float32, rounds=rounds)


def compare_map(network: str, rounds: int) -> dict[str, Any]:
    """Return the comparison for a SIDE x SIDE map: ours by interpolation, the peer's in full, timed on a part of it.

    The extra entry ``"map"`` holds the factors apart and the error: speed is code times sampling, and a user of the
    peer may ask it for fewer points too.
    """
    net, vectors, losses = trained(network)
    plane = landscape.plane_through(*vectors)
    samples = sum(len(loss.inputs) for loss in losses.values())
    found = landscape.surface(plane, losses, num=SIDE)
    check = np.random.default_rng(0).integers(0, SIDE, (64, 2))
    error = {
        name: max(
            abs(float(np.log(found[name][i, j]) - loss(plane.point(found.alpha[i], found.beta[j])).double().log()))
            for i, j in check
        )
        for name, loss in losses.items()
    }
    variants = {
        "ours": ratio.Variant(lambda: landscape.surface(plane, losses, num=SIDE), SIDE**2 * samples),
        "loss-landscapes": ratio.Variant(peer(net, plane, STEPS, losses), STEPS**2 * samples),
    }
    table = ratio.compare(variants, ours="ours", flop=FLOP[network], dtype=torch.float32, rounds=rounds)
    sampling = SIDE**2 / found.num_evaluations
    table["map"] = {
        "sampling_factor": sampling,
        "code_factor": table["loss-landscapes"]["ratio"][1] / sampling,
        "held_out_error": dict(found.held_out_error),
        "error_at_64_grid_points": error,
    }
    return table
