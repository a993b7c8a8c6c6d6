import numpy as np
import pytest

from lrdecay_core.model import batches

SETTING = {"num_samples": 7, "batch_size": 3}


@pytest.mark.parametrize("replacement", [False, True])
def test_batches_are_addressed_by_seed_and_block(replacement):
    one = batches.sample_indices(4, 2, **SETTING, replacement=replacement)
    assert one.shape == (batches.STEPS_PER_BLOCK, 3)
    np.testing.assert_array_equal(one, batches.sample_indices(4, 2, **SETTING, replacement=replacement))
    for seed, block in ((4, 3), (5, 2)):
        assert (one != batches.sample_indices(seed, block, **SETTING, replacement=replacement)).any()


def test_without_replacement_batches_are_uniform_subsets():
    drawn = np.concatenate([batches.sample_indices(0, k, **SETTING, replacement=False) for k in range(40)])
    ordered = np.sort(drawn, axis=1)
    assert (np.diff(ordered, axis=1) > 0).all()
    _, counts = np.unique(ordered, axis=0, return_counts=True)
    assert len(counts) == 35  # 7 choose 3
    # each count is binomial with mean 1170 and deviation 34; five deviations over 35 subsets is a 1e-5 event
    assert np.abs(counts - len(drawn) / 35).max() < 5 * 34


def test_with_replacement_repeats_occur_as_often_as_they_should():
    drawn = np.concatenate([batches.sample_indices(0, k, **SETTING, replacement=True) for k in range(40)])
    distinct = (np.diff(np.sort(drawn, axis=1), axis=1) > 0).all(axis=1).mean()
    assert distinct == pytest.approx(6 * 5 / 49, abs=0.012)  # five binomial deviations of 40960 draws


def test_a_full_batch_is_every_sample():
    drawn = batches.sample_indices(0, 0, num_samples=5, batch_size=5, replacement=False)
    np.testing.assert_array_equal(drawn, np.tile(np.arange(5), (batches.STEPS_PER_BLOCK, 1)))


@pytest.mark.parametrize("noise", batches.NOISES)
def test_label_noise_has_mean_zero_and_variance_one(noise):
    drawn = np.concatenate([batches.label_noise(3, k, batch_size=4, noise=noise) for k in range(20)])
    # 81920 draws: deviations 0.0035 of the mean and 0.005 of the Gaussian variance, times four
    assert abs(drawn.mean()) < 0.014
    assert abs(drawn.var() - 1) < 0.02
    if noise == "rademacher":
        assert set(np.unique(drawn)) == {-1.0, 1.0}
    else:
        assert (drawn**4).mean() == pytest.approx(3, abs=0.15)
