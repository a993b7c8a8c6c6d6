from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.experiments.model import fast_slow, valley

SMALL = replace(valley.setup("quick"), learning_rate=0.01, seeds=tuple(range(8)))


def test_across_saturates_at_the_prediction_and_along_follows_the_drift():
    found = fast_slow.motion(replace(SMALL, num_steps=4000), settle=2000, near=50, points=100)
    middle = (found.lags > 300) & (found.lags < 1500)
    across = np.sqrt((found.across[middle] ** 2).mean())
    assert across == pytest.approx(found.predicted_across, rel=0.1)  # 8 runs of 20 residuals, leading order
    along = found.along[-1].mean()
    assert along == pytest.approx(found.predicted_along[-1], rel=0.08)  # first-order excess is 3 % at this rate
    assert found.near.shape == (51, 2)
    assert np.ptp(found.near[:, 0]) < 0.05 * np.ptp(found.near[:, 1])


def test_short_moves_across_grow_with_the_rate_and_along_with_its_square():
    moves = []
    for rate in (0.01, 0.005):
        found = fast_slow.motion(
            replace(SMALL, learning_rate=rate, num_steps=2100, seeds=tuple(range(32))), near=5, points=20
        )
        moves.append((np.sqrt((found.across[0] ** 2).mean()), found.along[-1].mean()))
    ratio = np.divide(*moves)
    assert ratio[0] == pytest.approx(2, rel=0.25)  # the states differ too, by their plateaus
    assert ratio[1] == pytest.approx(4, rel=0.1)


def test_plateaus_are_near_the_prediction_and_nearer_at_the_smaller_rate():
    found = fast_slow.plateaus(replace(SMALL, seeds=tuple(range(12))), rates=(0.04, 0.01))
    ratio = (found.measured / found.predicted).mean(axis=1)
    assert ratio == pytest.approx([1.08, 1.02], abs=0.06)  # leading order; the excess shrinks with the rate
    assert found.flow[-1] < 1e-10 < found.measured.min()
    assert found.train_loss.shape == found.level.shape == (2, len(found.times), 12)
