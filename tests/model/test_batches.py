import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from lrdecay_core import rng
from lrdecay_core.model import batches

SETTING = {"num_samples": 7, "batch_size": 3}


def stream(start: int, count: int) -> list[int]:
    """SplitMix64 as published: a state that grows, and a finaliser, in Python's own integers."""
    state, found, mask = start, [], 2**64 - 1
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        found.append(z ^ (z >> 31))
    return found


def test_words_are_splitmix64():
    # the first outputs from state 1234567 that implementations of the generator quote
    assert stream(1234567, 3) == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    keys = [1234567, 2**63 - 1]
    found = batches.words(torch.tensor(keys)[:, None], torch.arange(6).view(2, 1, 3))  # two steps of three
    for r, key in enumerate(keys):
        assert found[:, r].flatten().numpy().view(np.uint64).tolist() == stream(key, 6)


def test_keys_are_words_of_a_stream_of_their_purpose():
    start = rng.integer_seed(0, "sgd batches")
    assert batches.keys([0, 3], "gaussian")[0].numpy().view(np.uint64).tolist() == stream(start, 4)[::3]


def test_keys_differ_between_seeds_and_purposes_and_agree_for_one():
    found = batches.keys([4, 9, 4], "rademacher")
    assert found.shape == (2, 3)
    assert (found[:, 0] == found[:, 2]).all()
    assert len(set(found.flatten().tolist())) == 4
    assert (batches.keys([4], "gaussian")[1] != found[1, 0]).all()


@pytest.mark.parametrize("replacement", [False, True])
def test_steps_are_addressed(replacement):
    key = batches.keys([4, 5], "gaussian")
    whole = batches.sample_indices(key[0], 0, 50, **SETTING, replacement=replacement)
    part = batches.sample_indices(key[0, 1:], 30, 20, **SETTING, replacement=replacement)
    np.testing.assert_array_equal(whole[30:, 1:], part)
    assert (whole[:, 0] != whole[:, 1]).any()
    noise = batches.label_noise(key[1], 0, 50, batch_size=3, noise="gaussian")
    np.testing.assert_array_equal(
        noise[30:, 1:], batches.label_noise(key[1, 1:], 30, 20, batch_size=3, noise="gaussian")
    )


def test_draws_are_one_run_of_many():
    indices, noise = batches.draws(5, 50, **SETTING)
    key = batches.keys([4, 5], "rademacher")
    np.testing.assert_array_equal(indices, batches.sample_indices(key[0], 0, 50, **SETTING, replacement=False)[:, 1])
    np.testing.assert_array_equal(noise, batches.label_noise(key[1], 0, 50, batch_size=3, noise="rademacher")[:, 1])


def test_without_replacement_batches_are_uniform_subsets():
    drawn, _ = batches.draws(0, 40960, **SETTING)
    ordered = np.sort(drawn, axis=1)
    assert (np.diff(ordered, axis=1) > 0).all()
    _, counts = np.unique(ordered, axis=0, return_counts=True)
    assert len(counts) == 35  # 7 choose 3
    # each count is binomial with mean 1170 and deviation 34; five deviations over 35 subsets is a 1e-5 event
    assert np.abs(counts - len(drawn) / 35).max() < 5 * 34


def test_with_replacement_repeats_occur_as_often_as_they_should():
    drawn, _ = batches.draws(0, 40960, **SETTING, replacement=True)
    distinct = (np.diff(np.sort(drawn, axis=1), axis=1) > 0).all(axis=1).mean()
    assert distinct == pytest.approx(6 * 5 / 49, abs=0.012)  # five binomial deviations of 40960 draws
    counts = np.bincount(drawn.ravel(), minlength=7)
    assert np.abs(counts - drawn.size / 7).max() < 5 * 123  # binomial deviation of 122880 draws at 1/7


def test_a_full_batch_is_every_sample_once():
    drawn, _ = batches.draws(0, 100, num_samples=5, batch_size=5)
    np.testing.assert_array_equal(np.sort(drawn, axis=1), np.tile(np.arange(5), (100, 1)))


def test_steps_and_runs_are_uncorrelated():
    """Neighbouring steps, neighbouring seeds, and batches against noise: correlations of 40960 pairs, five sigma."""
    key = batches.keys(range(2), "gaussian")
    indices = batches.sample_indices(key[0], 0, 40961, num_samples=1000, batch_size=1, replacement=True)[..., 0]
    noise = batches.label_noise(key[1], 0, 40961, batch_size=1, noise="gaussian")[..., 0]
    pairs = [
        (indices[1:, 0], indices[:-1, 0]),
        (indices[:, 0], indices[:, 1]),
        (noise[1:, 0], noise[:-1, 0]),
        (noise[:, 0], noise[:, 1]),
        (indices[:, 0], noise[:, 0]),
    ]
    for one, other in pairs:
        assert abs(np.corrcoef(one.numpy(), other.numpy())[0, 1]) < 5 / np.sqrt(40960)


@pytest.mark.parametrize("noise", batches.NOISES)
def test_label_noise_has_mean_zero_and_variance_one(noise):
    _, drawn = batches.draws(3, 20480, num_samples=7, batch_size=4, noise=noise)
    # 81920 draws: deviations 0.0035 of the mean and 0.005 of the Gaussian variance, times four
    assert abs(drawn.mean()) < 0.014
    assert abs(drawn.var() - 1) < 0.02
    if noise == "rademacher":
        assert set(np.unique(drawn)) == {-1.0, 1.0}
    else:
        assert (drawn**4).mean() == pytest.approx(3, abs=0.15)


def test_draws_name_their_device():
    def draw(key):
        indices = batches.sample_indices(key, 0, 4, **SETTING, replacement=False)
        return indices, batches.label_noise(key, 0, 4, batch_size=3, noise="gaussian")

    keys = batches.keys([1, 2], "gaussian")[0]
    expected = draw(keys)
    with torch.device("meta"):  # poison: whatever does not name its device lands there
        found = draw(keys)
    assert all((a == b).all() for a, b in zip(found, expected, strict=True))
    with FakeTensorMode():
        there = draw(torch.empty(keys.shape, dtype=keys.dtype, device="cuda"))
    assert all(t.device.type == "cuda" for t in there)
