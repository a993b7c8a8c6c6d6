"""Architectures as plain modules; the small ones also written for R networks stacked on a leading axis."""

from lrdecay_core.networks.build import ARCHITECTURES, build, register
from lrdecay_core.networks.cnn import CNN1d, CNN2d
from lrdecay_core.networks.mlp import MLP
from lrdecay_core.networks.resnet import ResNet18

__all__ = ["ARCHITECTURES", "MLP", "CNN1d", "CNN2d", "ResNet18", "build", "register"]
