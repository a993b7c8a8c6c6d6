import numpy as np
import pytest

from lrdecay_core.experiments.model import exits
from lrdecay_core.experiments.model.exits import NAMES, question
from lrdecay_core.theory import three_dimensional as exact
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


@pytest.fixture(scope="module")
def found():
    return question(decay_steps=(0, 2000, 4000), num_recorded=40)


def test_exits_leave_the_run_and_end_on_the_floor(found):
    assert found.leaves.shape == found.ends.shape == (len(NAMES), 2)
    np.testing.assert_array_equal(found.leaves[0], found.trunk[0])
    np.testing.assert_array_equal(found.leaves[-1], found.trunk[-1])
    assert np.abs(found.ends[:, 1]).max() < 1e-6  # the tails have converged, and Newton's foot is good to 1e-9


def test_training_cannot_tell_the_exits_apart_and_testing_can(found):
    assert found.train_loss.max() < 1e-9
    assert (np.diff(found.test_loss) < 0).all()
    angle = np.arcsin(np.sqrt(np.sqrt(found.test_loss / 2)))  # test loss 2 t^2, t = sin^2(angle)
    np.testing.assert_allclose(found.ends[:, 0], exact.arc_length(angle), rtol=1e-6)


def test_decay_steps_must_increase():
    with pytest.raises(ValueError, match="`decay_steps` must be three increasing steps"):
        question(decay_steps=(0, 4000, 2000))
