"""Data sets by name, checked on loading: ``data.load("digits")``, ``"mnist1d"``; ``"cifar10"`` needs a download."""

from lrdecay_core.data.dataset import Dataset, Split, load, register

__all__ = ["Dataset", "Split", "load", "register"]
