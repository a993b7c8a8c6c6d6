"""The same bits again on one GPU: what PyTorch leaves to chance or to speed is switched off."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["deterministic"]

WORKSPACE, FIXED = "CUBLAS_WORKSPACE_CONFIG", (":4096:8", ":16:8")


@contextmanager
def deterministic() -> Iterator[None]:
    """Inside, equal runs on one device give equal bits, and ``"float32"`` is float32: no TF32.

    Refuses kernels that add in an order of their own, has cuDNN choose without trials, and gives cuBLAS its fixed
    workspace. On a CPU runs repeat without it. It holds for this process: on the workers of a sweep, enter it in the
    function they run. Another device, batch of runs or release of torch still rounds otherwise.

    Raises:
        RuntimeError: CUDA has started without cuBLAS's fixed workspace; enter this first, or set the variable before.

    >>> with deterministic():
    ...     torch.are_deterministic_algorithms_enabled()
    True
    """
    before = os.environ.get(WORKSPACE)
    if torch.cuda.is_initialized() and before not in FIXED:
        raise RuntimeError(
            f"`deterministic` must be entered before CUDA starts, or with {WORKSPACE}={FIXED[0]} in the environment"
        )
    strict, warns = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    products = torch.backends.cuda.matmul.allow_tf32
    try:
        os.environ[WORKSPACE] = before if before in FIXED else FIXED[0]
        torch.use_deterministic_algorithms(True)
        torch.backends.cuda.matmul.allow_tf32 = False
        with torch.backends.cudnn.flags(
            torch.backends.cudnn.enabled, benchmark=False, deterministic=True, allow_tf32=False
        ):
            yield
    finally:
        torch.use_deterministic_algorithms(strict, warn_only=warns)
        torch.backends.cuda.matmul.allow_tf32 = products
        _restore(before)


def _restore(before: str | None) -> None:
    """Give the variable its old value, unless CUDA has read it: it keeps that to the end of the process."""
    if torch.cuda.is_initialized():
        return
    if before is None:
        os.environ.pop(WORKSPACE, None)
    else:
        os.environ[WORKSPACE] = before
