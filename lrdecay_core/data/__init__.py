"""Data sets that come with their packages, checked on loading: ``data.load("digits")``, ``data.load("mnist1d")``."""

from lrdecay_core.data.dataset import Dataset, Split, load, register

__all__ = ["Dataset", "Split", "load", "register"]
