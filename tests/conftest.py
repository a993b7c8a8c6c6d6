"""The one browser, and what noise cannot touch: kernels per step, hidden waits for a device, misplaced tensors.

No CUDA device is needed: ``cuda_replay`` follows a trace with tensors that have no values, ``cuda`` runs the library
itself with values, on a part of this machine's memory that stands in for a device.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from tests.chromium import album as album
from tests.chromium import browser as browser


@pytest.fixture(autouse=True)
def same_draws() -> None:
    """Have torch draw the same numbers in every run of a test: what is red stays red, and rounding does not dice."""
    torch.manual_seed(0)


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


CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)
FROM_DATA = ("as_tensor", "tensor", "asarray")
MAY_MIX = ("copy_", "type_as", "grad", "__set__", "_has_compatible_shallow_copy_type")


class StandIn(TorchFunctionMode):
    """Calls some of this machine's memory ``cuda:0``, with a real device's rules at every call of torch.

    Such memory comes from a call that asks for the device, or from tensors that are there already. Tensors of both
    places in one call, and NumPy views of the device, are refused, as they are on a real one. Only what C++ makes by
    itself (under ``vmap``, inside a backward pass) goes unseen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[int, Any] = {}

    def place(self, tensor: Tensor) -> torch.device:
        return CUDA if tensor.untyped_storage()._cdata in self.held else CPU

    def put(self, found: Any, apart: Any = ()) -> Any:
        """Call the memory of ``found`` the device's, of a copy where it is that of a tensor in ``apart``."""
        shared = {t.untyped_storage()._cdata for t in apart}

        def one(tensor: Any) -> Any:
            if not isinstance(tensor, Tensor):
                return tensor
            tensor = tensor.clone() if tensor.untyped_storage()._cdata in shared else tensor
            self.held[tensor.untyped_storage()._cdata] = tensor.untyped_storage()
            return tensor

        return tree_map(one, found)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, name = dict(kwargs or {}), getattr(func, "__name__", "")
        if name == "__get__":
            attribute = func.__self__.__name__
            if attribute in ("device", "is_cuda"):
                return self.place(args[0]) if attribute == "device" else self.place(args[0]) == CUDA
        tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)]
        here = [t for t in tensors if self.place(t) == CPU]
        away = len(here) < len(tensors)
        if name in ("to", "cpu", "cuda"):
            return self._move(func, name, *args, **kwargs)
        if name in ("numpy", "__array__") and away:
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        indexed = name in ("__getitem__", "__setitem__") and self.place(args[0]) == CUDA
        if away and any(t.ndim for t in here) and not indexed and name not in MAY_MIX:
            raise RuntimeError(f"{name}: expected all tensors to be on the same device, found cuda:0 and cpu")
        asked = kwargs.pop("device", None)
        found = func(*args, **kwargs)
        if not any(isinstance(part, Tensor) for part in tree_leaves(found)):
            return found
        there = away if asked is None else torch.device(asked).type == "cuda"
        return self.put(found, tensors if name in FROM_DATA else here) if there and name != "copy_" else found

    def _move(self, func: Any, name: str, tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        asked = {"cpu": CPU, "cuda": CUDA}.get(name, kwargs.pop("device", None))
        rest = []
        for argument in args:
            if isinstance(argument, Tensor):
                asked = self.place(argument)
                rest.append(argument.dtype)
            elif isinstance(argument, torch.dtype):
                rest.append(argument)
            elif isinstance(argument, str | torch.device):
                asked = argument
        moved = tensor if name != "to" or not (rest or kwargs) else func(tensor, *rest, **kwargs)
        source = self.place(tensor)
        target = source if asked is None else torch.device(asked)
        if target.type == "cuda":
            return self.put(moved, [tensor] if source == CPU else [])
        return moved.clone() if source == CUDA else moved


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A machine with one CUDA device, ``"cuda:0"``, that computes with the processor's numbers."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda *_: torch.zeros(1))
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda *_: None)
    with StandIn() as device:
        yield device


@pytest.fixture
def same_on_cuda(cuda: StandIn) -> Callable[[Callable[[str], Any]], None]:
    """Compare what a function of the device's name returns on the processor and on the stand-in, to the last bit."""

    def compare(function: Callable[[str], Any]) -> None:
        here, there = function("cpu"), function("cuda:0")
        assert len(here) == len(there) > 0
        for a, b in zip(here, there, strict=True):
            np.testing.assert_array_equal(*(v.cpu().numpy() if isinstance(v, Tensor) else v for v in (a, b)))

    return compare
