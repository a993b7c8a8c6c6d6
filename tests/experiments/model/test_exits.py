import numpy as np
import pytest

from lrdecay_core.experiments.model import exits
from tests.experiments.model.test_decay_limit import SMALL


def test_exits_land_on_their_crosses():
    found = exits.exits()
    ends = np.array([flow[-1] for flow in found.flows])
    np.testing.assert_allclose(ends[:, 0], found.predicted, atol=1e-9)
    np.testing.assert_allclose(ends[:, 1], 0, atol=1e-11)
    assert (np.diff(np.abs(found.predicted - found.minimum)) < 0).all()


def test_tails_of_finite_rate():
    cut = exits.tails(SMALL, decay_step=50)
    slope = np.polyfit(np.log(cut.rates), np.log(cut.to_flow), 1)[0]
    assert slope == pytest.approx(1, abs=0.1)  # first order in the rate
    assert cut.to_own.max() < 1e-10
    assert (cut.drift <= cut.bound).all()
