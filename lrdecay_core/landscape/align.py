"""Permutations of hidden units: the same function, elsewhere in weight space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from lrdecay_core.landscape.loss import OURS
from lrdecay_core.landscape.vectors import as_vector, trainable
from lrdecay_core.parameters import Layout

__all__ = ["Alignment", "align", "permute"]

SWEEPS = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class Alignment:
    """A network with its hidden units in the order of another's."""

    vector: Tensor
    """(P,) the permuted weights: the same function as before."""
    permutations: tuple[np.ndarray, ...]
    """Per hidden layer: unit k of the result is unit ``permutation[k]`` of the original."""
    distance: float
    """Euclidean distance to the reference, after."""
    distance_before: float
    """and before."""


def align(net: nn.Module, reference: Tensor | np.ndarray, vector: Tensor | np.ndarray) -> Alignment:
    """Permute the hidden units of ``vector`` towards ``reference``: weight matching.

    Source: Ainsworth, Hayase and Srinivasa (ICLR 2023), algorithm 1: layer by layer the assignment of units that
    brings the weights closest, given the other layers' order, until none improves; started from the identity. It is a
    local search: a better permutation may exist, and two networks that no permutation brings together stay apart.

    Args:
        net: an ``MLP``, ``CNN1d`` or ``CNN2d`` of this library, for its architecture alone.
        reference: (P,) weights to approach.
        vector: (P,) weights to permute.

    Raises:
        ValueError: ``net`` has another architecture or frozen parameters, or a length differs.
    """
    layout = _layout(net)
    towards, given = (as_vector(n, v, layout) for n, v in (("reference", reference), ("vector", vector)))
    names = [name for name, _ in net.named_children()]
    a, b = (_matrices(layout, names, v) for v in (towards, given))
    orders = _search(a, b)
    permuted = permute(net, given, orders)
    return Alignment(
        vector=permuted,
        permutations=tuple(orders),
        distance=float((permuted.double() - towards.double()).norm()),
        distance_before=float((given.double() - towards.double()).norm()),
    )


def permute(net: nn.Module, vector: Tensor | np.ndarray, permutations: Sequence[np.ndarray]) -> Tensor:
    """Return ``vector`` with unit k of each hidden layer replaced by unit ``permutation[k]``: the same function.

    Raises:
        ValueError: a hidden layer has no permutation, or one is not a permutation of its units.
    """
    layout = _layout(net)
    named = {k: v.clone() for k, v in layout.unflatten(as_vector("vector", vector, layout)).items()}
    names = [name for name, _ in net.named_children()]
    if len(permutations) != len(names) - 1:
        raise ValueError(f"`permutations` must hold one per hidden layer, {len(names) - 1}, got {len(permutations)}")
    for (name, after), order in zip(pairwise(names), permutations, strict=True):
        units = len(named[f"{name}.bias"])
        if sorted(np.asarray(order).tolist()) != list(range(units)):
            raise ValueError(f"`permutations` must reorder the {units} units of layer {name}, got {order}")
        rows = torch.as_tensor(np.asarray(order))
        for key in (f"{name}.weight", f"{name}.bias"):
            named[key] = named[key][rows]
        weight = named[f"{after}.weight"]
        # a dense layer after a convolution has one column per unit and position
        grouped = weight.reshape(len(weight), units, -1)[:, rows]
        named[f"{after}.weight"] = grouped.reshape(weight.shape)
    return layout.flatten(named)


def _layout(net: nn.Module) -> Layout:
    if type(net) not in OURS:
        raise ValueError(f"`net` must be one of {', '.join(kind.__name__ for kind in OURS)}, got {type(net).__name__}")
    layout = trainable(net)
    if layout != Layout.of(net):
        raise ValueError("`net` must have no frozen parameter, for a permutation moves them all")
    return layout


def _matrices(layout: Layout, names: Sequence[str], vector: Tensor) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return per layer its weight (out, in units, rest) and bias (out,)."""
    named = {k: v.double().cpu().numpy() for k, v in layout.unflatten(vector).items()}
    layers, units = [], None
    for name in names:
        weight, bias = named[f"{name}.weight"], named[f"{name}.bias"]
        layers.append((weight.reshape(len(weight), units or weight.shape[1], -1), bias))
        units = len(weight)
    return layers


def _gain(a: list, b: list, orders: list[np.ndarray], layer: int) -> np.ndarray:
    """Return (units, units): the inner product gained by putting unit j of b at the place of unit i of a."""
    (wa, ba), (wb, bb) = a[layer], b[layer]
    before = wb if layer == 0 else wb[:, orders[layer - 1]]
    gain = np.einsum("ick,jck->ij", wa, before, optimize=True) + np.outer(ba, bb)
    wa, wb = a[layer + 1][0], b[layer + 1][0]
    after = wb if layer + 1 == len(orders) else wb[orders[layer + 1]]
    return np.asarray(gain + np.einsum("oik,ojk->ij", wa, after, optimize=True))


def _search(a: list, b: list) -> list[np.ndarray]:
    orders = [np.arange(len(bias)) for _, bias in a[:-1]]
    for _ in range(SWEEPS):
        improved = False
        for layer in range(len(orders)):
            gain = _gain(a, b, orders, layer)
            rows, columns = linear_sum_assignment(gain, maximize=True)
            if gain[rows, columns].sum() > gain[rows, orders[layer]].sum() + 1e-12 * np.abs(gain).sum():
                orders[layer], improved = columns, True
        if not improved:
            break
    return orders
