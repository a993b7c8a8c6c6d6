"""A loss as a function of a flat vector of weights: the one object the rest of this room is made of."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional
from torch.nn.modules.dropout import _DropoutNd

from lrdecay_core import checks, rng
from lrdecay_core.landscape import batchnorm
from lrdecay_core.landscape.vectors import Source, as_vector, tensor, trainable
from lrdecay_core.networks import MLP, CNN1d, CNN2d
from lrdecay_core.parameters import Layout

__all__ = ["BLOCK", "OURS", "Loss", "is_ours", "logits", "loss_of", "number", "score"]


def loss_of(
    net: nn.Module,
    criterion: Callable[[Any, Tensor], Tensor],
    inputs: Tensor | np.ndarray,
    targets: Tensor | np.ndarray,
    *,
    batch_size: int | None = None,
    batch_norm: str | None = None,
    statistics_inputs: Tensor | np.ndarray | None = None,
    dropout_seed: int | None = None,
    device: str | None = None,
) -> Loss:
    """Return theta -> criterion(net_theta(inputs), targets), with theta the flat vector of trainable parameters.

    A copy of ``net`` is evaluated, in evaluation mode: the caller's parameters, buffers, mode and random state stay
    untouched. Tied parameters fill one stretch of theta; frozen ones (``requires_grad=False``) keep the values they
    have in ``net`` and are not part of theta.

    Args:
        net: any module that takes ``inputs`` and returns what ``criterion`` takes.
        criterion: ``criterion(outputs, targets)`` -> one number, such as ``torch.nn.functional.cross_entropy``.
        inputs: (N, ...).
        targets: (N, ...).
        batch_size: samples per forward pass; None: all at once. Outputs are joined before the criterion sees them, so
            the value does not depend on it.
        batch_norm: needed where ``net`` has batch normalisation. ``"eval"``: the running statistics of ``net``
            everywhere. ``"recompute"``: at each point those of ``statistics_inputs``; values only, no derivatives.
        statistics_inputs: (M, ...), training inputs, for the testing loss too; only with ``"recompute"``.
        dropout_seed: None: dropout off. A seed: dropout on, with the same masks at every point.
        device: where to compute (``"auto"``, ``"cpu"``, ``"cuda"``); None: where ``net`` is.

    Raises:
        ValueError: data are empty, differ in length or stand on another device than ``net``; batch normalisation
            without a policy; every parameter is frozen.

    >>> net = nn.Linear(3, 2)
    >>> loss = loss_of(net, nn.functional.cross_entropy, torch.ones(5, 3), torch.zeros(5, dtype=torch.int64))
    >>> loss(torch.zeros(4, 8))
    tensor([0.6931, 0.6931, 0.6931, 0.6931])
    """
    checks.instance("net", net, nn.Module)
    checks.function("criterion", criterion)
    batchnorm.check_policy(net, batch_norm, statistics_inputs)
    inputs, targets = tensor(inputs, "inputs"), tensor(targets, "targets")
    if not (inputs.ndim and targets.ndim) or len(inputs) != len(targets) or not len(inputs):
        raise ValueError(
            "`inputs` and `targets` must have one length above 0, "
            f"got shapes {tuple(inputs.shape)} and {tuple(targets.shape)}"
        )
    tensors = [inputs, targets, *([] if statistics_inputs is None else [tensor(statistics_inputs)])]
    if device is not None:
        there = checks.torch_device("device", device)
        tensors = [t.to(there) for t in tensors]
    else:
        there = next(net.parameters()).device
    wrong = {str(t.device) for t in [*tensors, *(net.parameters() if device is None else [])]} - {str(there)}
    if wrong:
        raise ValueError(f"`net`, `inputs` and `targets` must be on one device, got {there} and {wrong}; pass device=")
    if batch_size is not None:
        checks.integer("batch_size", batch_size, minimum=1)
    return Loss(copy.deepcopy(net).to(there), criterion, *tensors, batch_size=batch_size, dropout_seed=dropout_seed)


class Loss:
    """A loss of flat vectors. Call it with (P,) for one number or with a stack (G, P) for (G,); differentiable."""

    def __init__(
        self,
        net: nn.Module,
        criterion: Callable[[Any, Tensor], Tensor],
        inputs: Tensor,
        targets: Tensor,
        statistics_inputs: Tensor | None = None,
        *,
        batch_size: int | None,
        dropout_seed: int | None,
    ) -> None:
        self.layout = trainable(net)
        """Which entries of the vector are which parameter."""
        self.net = net.eval().requires_grad_(False)
        self.criterion, self.inputs, self.targets = criterion, inputs, targets
        first = next(net.parameters())
        self.device, self.dtype = first.device, first.dtype
        self.is_ours = is_ours(net, self.layout) and inputs.dtype == self.dtype
        self._statistics_inputs = statistics_inputs
        self._batch = batch_size or max(len(inputs), 0 if statistics_inputs is None else len(statistics_inputs))
        self._seed = None if dropout_seed is None else rng.integer_seed(dropout_seed, "dropout of a landscape")
        if dropout_seed is not None:
            for module in net.modules():
                if isinstance(module, _DropoutNd):
                    module.train()

    def __call__(self, vectors: Tensor | np.ndarray) -> Tensor:
        """Return the loss of each vector: (P,) -> (), (G, P) -> (G,)."""
        given = tensor(vectors).to(self.device, self.dtype)
        if given.ndim not in (1, 2) or given.shape[-1] != self.layout.size or not given.numel():
            raise ValueError(
                f"`vectors` must be ({self.layout.size},) or (G, {self.layout.size}), got {tuple(given.shape)}"
            )
        values = torch.stack([self._value(v) for v in given.reshape(-1, self.layout.size)])
        return values.reshape(given.shape[:-1])

    def gradient(self, vectors: Tensor | np.ndarray) -> Tensor:
        """Return the gradient at each vector, of the vectors' shape."""
        v = tensor(vectors).to(self.device, self.dtype).detach().requires_grad_()
        with torch.enable_grad():
            return torch.autograd.grad(self(v).sum(), v)[0]

    def vector(self, source: Source) -> Tensor:
        """Return (P,) of a module, state dict or vector, on this loss's device and in its precision.

        Raises:
            ValueError: shapes differ, or a frozen parameter differs from the one this loss computes with.
        """
        named = dict(source.named_parameters(remove_duplicate=False)) if isinstance(source, nn.Module) else source
        if not isinstance(named, Tensor | np.ndarray):
            for name, own in self.net.named_parameters():
                if name not in self.layout.names and name in named and not torch.equal(named[name].to(own), own):
                    raise ValueError(
                        f"`source` must share the frozen parameter {name} with the net of this loss: frozen ones are "
                        "not part of the vector; unfreeze it before loss_of"
                    )
        return as_vector("source", source, self.layout).to(self.device, self.dtype)

    def _value(self, vector: Tensor) -> Tensor:
        if self.is_ours:
            rows = logits(self.net, self.layout, vector[None], self.inputs)[0]
            return number(score(self.criterion, rows, self.targets))
        if vector.requires_grad and self._statistics_inputs is not None:
            raise ValueError(
                "`batch_norm`='recompute' has no derivatives; use 'eval', which holds the statistics fixed"
            )
        named = self.layout.unflatten(vector)

        def forward(chunk: Tensor, buffers: Mapping[str, Tensor]) -> Any:
            return functional_call(self.net, {**named, **buffers}, (chunk,))

        buffers: Mapping[str, Tensor] = {}
        with rng.torch_state(self._seed, cuda=self.device.type == "cuda"):
            if self._statistics_inputs is not None:
                buffers = batchnorm.statistics(self.net, forward, self._statistics_inputs.split(self._batch))
            outputs = [forward(chunk, buffers) for chunk in self.inputs.split(self._batch)]
        return number(self.criterion(outputs[0] if len(outputs) == 1 else torch.cat(outputs), self.targets))


def number(value: Any) -> Tensor:
    """Return what a criterion returned as a tensor (), or raise unless it is one number."""
    value = tensor(value)
    if value.numel() != 1:
        raise ValueError(f"`criterion` must return one number, got shape {tuple(value.shape)}; use reduction='mean'")
    return value.reshape(())


OURS = (MLP, CNN1d, CNN2d)  # a registered architecture is a stranger's module
BLOCK = 1000  # samples; activations of one block stay in a core's cache


def is_ours(net: nn.Module, layout: Layout) -> bool:
    """Return True where the stacked forward pass computes what ``net`` does, with every parameter in ``layout``."""
    return type(net) in OURS and set(layout.names) == {n for n, _ in net.named_parameters()}


def logits(net: nn.Module, layout: Layout, vectors: Tensor, inputs: Tensor) -> Tensor:
    """Return logits (R, classes, N) for ``vectors`` (R, P) and ``inputs`` (N, *shape)."""
    weights, forward = layout.unflatten(vectors), type(net).stacked  # type: ignore[attr-defined]  # is_ours
    blocks = [forward(weights, x.expand(len(vectors), *x.shape)) for x in inputs.split(BLOCK)]
    return blocks[0] if len(blocks) == 1 else torch.cat(blocks, dim=-1)


def score(criterion: Callable[..., Any], rows: Tensor, targets: Tensor) -> Any:
    """Return the criterion of one network's logits (classes, N).

    Cross-entropy takes classes on the second of three axes as well, which spares a transposition as dear as a layer.
    """
    if (criterion is functional.cross_entropy or type(criterion) is nn.CrossEntropyLoss) and targets.ndim == 1:
        return criterion(rows[None], targets[None])
    return criterion(rows.T, targets)
