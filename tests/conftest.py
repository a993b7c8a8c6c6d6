"""What noise cannot touch: kernels per step, hidden waits for a device, tensors made on the wrong device."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

WAITS = ("_local_scalar_dense", "nonzero", "masked_select", "equal", "is_nonzero", "_unique2")
VIEWS = ("view", "expand", "select", "slice", "split", "split_with_sizes", "t", "transpose", "unsqueeze", "unbind")
VIEWS += ("detach", "alias", "permute", "as_strided", "_unsafe_view", "squeeze", "lift_fresh")


class Kernels(TorchDispatchMode):
    """Counts the kernels that run inside, and refuses those that make the host wait for the device."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        boolean = name in ("index", "index_put_") and any(i is not None and i.dtype == torch.bool for i in args[1])
        if name in WAITS or boolean:
            raise AssertionError(f"{name} makes the host wait for the device")
        if name not in VIEWS:
            self.counts[name] += 1
        return func(*args, **(kwargs or {}))

    @property
    def total(self) -> int:
        """Kernels so far."""
        return sum(self.counts.values())


@pytest.fixture
def kernels() -> type[Kernels]:
    return Kernels


@pytest.fixture
def cuda_replay() -> Any:
    """Trace a function of CPU tensors and replay the trace on fake CUDA ones: one made without a device stops it."""
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.fx.experimental.proxy_tensor import make_fx

    aten = torch.ops.aten

    def threshold_backward(gradient: Any, values: Any, threshold: float, *, grad_input: Any) -> Any:
        # Fake tensors write the kernel's out= form through a copy that a torch without CUDA refuses.
        return grad_input.copy_(aten.threshold_backward(gradient, values, threshold))

    table = {aten.threshold_backward.grad_input: threshold_backward}

    def replay(function: Any, *arguments: torch.Tensor) -> Any:
        trace = make_fx(function, decomposition_table=table)(*(a.clone() for a in arguments))
        with FakeTensorMode():
            there = [torch.empty(a.shape, dtype=a.dtype, device="cuda") for a in arguments]
            return trace(*there)

    return replay
