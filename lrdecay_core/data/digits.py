"""Handwritten digits: 1,797 real scans of 8 x 8 pixels, shipped inside scikit-learn.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998
(its test part, which scikit-learn embeds).
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from lrdecay_core import rng

__all__ = ["digits"]

NUM_TRAIN = 1000
Arrays = tuple[np.ndarray, np.ndarray]


def digits() -> tuple[Arrays, Arrays]:
    """Return ((train inputs, targets), (test inputs, targets)); inputs (N, 8, 8) are grey levels in [0, 1].

    The order of the scans is drawn once, at a fixed address, so that both parts hold all writers.
    """
    bunch = load_digits()
    order = rng.stream(0, "digits split").permutation(len(bunch.target))
    inputs = (bunch.images[order] / bunch.images.max()).astype(np.float32)
    targets = bunch.target[order].astype(np.int64)
    return (inputs[:NUM_TRAIN], targets[:NUM_TRAIN]), (inputs[NUM_TRAIN:], targets[NUM_TRAIN:])
