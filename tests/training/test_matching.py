from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.training import at_training_loss, branches


@pytest.fixture
def runs(config):
    """Real runs whose records are replaced by curves with known crossings."""
    base = branches(replace(config, epochs=4), decay_epochs=[1, 2], seeds=[0])
    steps = np.arange(0, 33, 4)
    time = steps / 8

    def fill(loss, error):
        return replace(
            base, steps=steps, train_loss=loss[:, None], test_error=error[:, None], test_loss=2 * error[:, None]
        )

    return time, fill


def test_crossing_of_an_exponential_is_exact(runs):
    time, fill = runs
    loss = np.stack([np.exp(-time), np.exp(-2 * time)])
    error = np.stack([0.5 - 0.1 * time, 0.3 - 0.05 * time])
    found = at_training_loss(fill(loss, error), level=np.exp(-3.0))
    # log loss is linear between records, so is the interpolation
    np.testing.assert_allclose(found.epoch[0, 0], 3.0, atol=1e-12)
    np.testing.assert_allclose(found.test_error[0, 0], 0.2, atol=1e-12)
    np.testing.assert_allclose(found.test_loss[0, 0], 0.4, atol=1e-12)
    assert found.already_below.tolist() == [[False], [True]]  # exp(-4) at its fork
    assert np.isnan(found.test_error[1, 0])


def test_a_chance_dip_is_not_a_crossing(runs):
    time, fill = runs
    loss = np.stack([np.exp(-time)] * 2)
    dipped = loss.copy()
    dipped[0, 4] = np.exp(-3.2)  # one record at epoch 2 far below its neighbours
    plain = at_training_loss(fill(loss, loss), np.exp(-3.1)).epoch[0, 0]
    found = at_training_loss(fill(dipped, loss), np.exp(-3.1)).epoch[0, 0]
    np.testing.assert_allclose(found, plain, atol=0.1)  # the naive first crossing is at 2, the true one at 3.1


def test_a_level_that_is_not_reached_is_reported(runs):
    time, fill = runs
    loss = np.stack([np.exp(-time)] * 2)
    found = at_training_loss(fill(loss, loss), level=1e-9)
    assert found.never_reached.all()
    assert not found.already_below.any()
    assert np.isnan(found.epoch).all()


def test_a_diverged_tail_has_no_crossing(runs):
    time, fill = runs
    loss = np.stack([np.exp(-time)] * 2)
    loss[0, 5:] = np.nan
    found = at_training_loss(fill(loss, loss), level=np.exp(-3.5))
    assert found.never_reached[0, 0]
    assert not np.isnan(found.epoch[1, 0])


def test_level_must_be_positive(runs):
    _, fill = runs
    with pytest.raises(ValueError, match="`level`"):
        at_training_loss(fill(np.ones((2, 9)), np.ones((2, 9))), level=0.0)
