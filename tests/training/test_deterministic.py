import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from lrdecay_core.training import branches, deterministic

WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
MODES = (
    torch.are_deterministic_algorithms_enabled,
    lambda: torch.backends.cuda.matmul.allow_tf32,
    lambda: torch.backends.cudnn.allow_tf32,
    lambda: torch.backends.cudnn.benchmark,
    lambda: torch.backends.cudnn.deterministic,
    lambda: os.environ.get(WORKSPACE),
)


def modes():
    return [mode() for mode in MODES]


@pytest.mark.parametrize("workspace", [None, ":0:0", ":16:8"])
def test_modes_are_set_inside_and_given_back(monkeypatch, workspace):
    monkeypatch.delenv(WORKSPACE, raising=False)
    if workspace:
        monkeypatch.setenv(WORKSPACE, workspace)
    before = modes()
    assert before[2]
    assert not before[4]
    with deterministic():
        kept = workspace if workspace == ":16:8" else ":4096:8"
        assert modes() == [True, False, False, False, True, kept]
        with deterministic():
            assert modes()[0]
        assert modes()[0]
    assert modes() == before
    with pytest.raises(KeyboardInterrupt), deterministic():
        raise KeyboardInterrupt
    assert modes() == before


def test_too_late_is_an_error_and_changes_nothing(monkeypatch):
    monkeypatch.delenv(WORKSPACE, raising=False)
    before = modes()
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    with pytest.raises(RuntimeError, match="`deterministic` must be entered before CUDA starts"), deterministic():
        pass
    assert modes() == before
    monkeypatch.setenv(WORKSPACE, ":4096:8")
    with deterministic():
        assert modes()[0]


def test_once_cuda_has_read_the_workspace_it_may_be_entered_again(monkeypatch):
    monkeypatch.setenv(WORKSPACE, "")
    with deterministic():
        monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    with deterministic():
        assert modes()[0]


def twice(config, device):
    with deterministic():
        first, second = (branches(config, decay_epochs=[1, 3], seeds=[1, 2], device=device) for _ in range(2))
    np.testing.assert_array_equal(first.weights, second.weights)
    np.testing.assert_array_equal(first.test_loss, second.test_loss)
    return first


@pytest.mark.parametrize("network", ["mlp", "cnn2d"])
@pytest.mark.parametrize("changes", [{}, {"optimiser": "adamw", "precision": "bf16", "augment": True}])
def test_runs_repeat_to_the_last_bit_and_no_kernel_is_refused(config, network, changes):
    config = replace(config, network=network, **changes)
    outside = branches(config, decay_epochs=[1, 3], seeds=[1, 2])
    np.testing.assert_array_equal(twice(config, "cpu").weights, outside.weights)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("network", ["mlp", "cnn2d"])
@pytest.mark.parametrize("changes", [{}, {"optimiser": "adamw", "precision": "bf16", "augment": True}])
def test_runs_repeat_to_the_last_bit_on_cuda(config, network, changes):
    os.environ.setdefault(WORKSPACE, ":4096:8")
    twice(replace(config, network=network, **changes), "cuda")
