"""Networks of every awkward kind, and a loss whose Hessian is known."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional

from lrdecay_core import landscape, networks


class Tied(nn.Module):
    """One matrix used twice, a frozen shift, dropout and batch normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.again = nn.Linear(4, 4)
        self.again.weight = self.first.weight
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(4, 3)
        self.first.bias.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.drop(self.norm(self.again(self.first(x).relu())).relu()))


def data(num, *shape, seed=0, dtype=torch.float32):
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(num, *shape, generator=draw, dtype=dtype), torch.randint(0, 3, (num,), generator=draw)


@pytest.fixture
def draw():
    return data


@pytest.fixture
def tied():
    """Three copies with other weights, statistics moved away from their start, in training mode."""
    nets = []
    for seed in range(3):
        torch.manual_seed(seed)
        net = Tied()
        with torch.no_grad():
            net.first.bias.fill_(0.3)
            net(data(50, 4, seed=seed)[0])
        nets.append(net)
    return nets


@pytest.fixture
def quadratic():
    """L(w) = |Xw - y|^2 / N of a linear network in float64: gradient 2 X^T (Xw - y) / N, Hessian 2 X^T X / N."""
    draw = torch.Generator().manual_seed(1)
    X = torch.randn(30, 6, generator=draw, dtype=torch.float64) * torch.tensor([3.0, 2, 1, 1, 0.5, 0.1])
    y = torch.randn(30, 1, generator=draw, dtype=torch.float64)
    net = nn.Linear(6, 1, bias=False, dtype=torch.float64)
    return SimpleNamespace(
        X=X,
        y=y,
        net=net,
        loss=landscape.loss_of(net, functional.mse_loss, X, y),
        hessian=2 * X.T @ X / 30,
        value=lambda w: (X @ w - y[:, 0]).square().mean(),
    )


@pytest.fixture
def stack():
    """Three networks of one architecture as a stack (3, P), with one of them."""

    def build(name, shape, seeds=range(3), **options):
        nets = [networks.build(name, input_shape=shape, num_classes=3, seed=s, **{"width": 5} | options) for s in seeds]
        return nets[0], torch.stack([nn.utils.parameters_to_vector(net.parameters()).detach() for net in nets])

    return build
