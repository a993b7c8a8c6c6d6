from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core import data
from lrdecay_core.training import branches, errors, trials

FLOAT32 = {"rtol": 0, "atol": 1e-5}  # the same updates in stacks of other sizes, each rounded at 1e-7 of order 1


def test_a_trial_is_the_beginning_of_the_tail_that_branches_makes(config):
    """Same batches, same noise, same momentum: one epoch later or earlier, or a fresh momentum, would show."""
    runs = branches(config, decay_epochs=[1, 2, 4], seeds=[4, 2])
    for length in (1, 2):
        decays = [t for t in (1, 2, 4) if t + length <= config.epochs]
        found = trials(config, decay_epochs=decays, seeds=[4, 2], length=length)
        for d, t in enumerate(decays):
            at = int(np.searchsorted(runs.epochs, t + length))
            assert runs.epochs[at] == t + length
            np.testing.assert_allclose(found.train_loss[d], runs.train_loss[d, :, at], **FLOAT32)
            before = runs.train_loss[d, :, int(np.searchsorted(runs.epochs, t + length - 1))]
            assert not np.allclose(found.train_loss[d], before, **FLOAT32)


def test_the_trunk_is_measured_up_to_the_last_candidate(config):
    runs = branches(config, decay_epochs=[1, 3], seeds=[4, 2])
    found = trials(config, decay_epochs=[1, 3], seeds=[4, 2])
    assert found.trunk_epochs.tolist() == [0, 1, 2, 3]
    at = np.searchsorted(runs.epochs, found.trunk_epochs)
    np.testing.assert_allclose(found.trunk_loss, runs.train_loss[1][:, at], **FLOAT32)  # up to its fork the trunk


def test_a_trial_that_reaches_the_end_has_the_weights_of_the_run(config):
    runs = branches(config, decay_epochs=[1, 4], seeds=[4, 2])
    found = trials(config, decay_epochs=[1, 4], seeds=[4, 2])
    np.testing.assert_allclose(found.weights[1], runs.weights[1], **FLOAT32)
    dataset = data.load(config.dataset)
    np.testing.assert_array_equal(errors(config, runs.weights, dataset.test), runs.test_error[:, :, -1])


def test_errors_are_those_of_the_samples_that_are_given(config):
    """Moving every label by one class turns right into wrong, and a network that has diverged has no error."""
    found = trials(config, decay_epochs=[1, 2], seeds=[0])
    test = data.load(config.dataset).test
    right = errors(config, found.weights, test)
    moved = errors(config, found.weights, replace(test, targets=(test.targets + 1) % 10))
    assert (moved > 0.9 * (1 - right)).all()
    lost = found.weights.copy()
    lost[1] = np.nan
    assert np.isnan(errors(config, lost, test)).tolist() == [[False], [True]]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"length": 0}, "`length`"),
        ({"length": 2, "decay_epochs": [4]}, "`decay_epochs"),
        ({"seeds": [1, 1]}, "`seeds`"),
        ({"config": None}, "`config`"),
    ],
)
def test_bad_trials_are_refused(config, changes, told):
    with pytest.raises(ValueError, match=told):
        trials(**{"config": config, "decay_epochs": [1], "seeds": [0], **changes})


def test_bad_weights_and_samples_are_refused(config):
    weights, test = trials(config, decay_epochs=[1], seeds=[0]).weights, data.load(config.dataset).test
    with pytest.raises(ValueError, match="`weights` must be float32"):
        errors(config, weights[..., :-1], test)
    with pytest.raises(ValueError, match="`samples` must have inputs"):
        errors(config, weights, data.load("mnist1d").test)


def test_on_cuda_as_on_the_cpu(same_on_cuda, config):
    def found(device):
        return trials(config, decay_epochs=[1, 3], seeds=[1, 4], device=device).train_loss

    same_on_cuda(found)
