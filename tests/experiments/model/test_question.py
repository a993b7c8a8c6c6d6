import numpy as np
import pytest

from lrdecay_core.experiments.model.question import NAMES, question
from lrdecay_core.theory import three_dimensional as exact


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
