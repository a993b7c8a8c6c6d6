from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core import data
from lrdecay_core.experiments.networks import network_planner, planner_follow_up, trunk_features
from lrdecay_core.experiments.networks import validated_trial as trial
from lrdecay_core.training import TrainConfig, branches

CONFIG = TrainConfig(
    network="mlp", dataset="digits", loss="cross_entropy", learning_rate=0.5, decayed_rate=0.05, batch_size=10,
    num_train=60, width=8, epochs=6, label_corruption=0.2,
)  # fmt: skip
SPEC = {"config": CONFIG, "decay_epochs": (2, 4), "seeds": (3, 5)}


@pytest.fixture(scope="module")
def found():
    return trial.validate(SPEC)


def test_all_is_read_off_one_run_paired_with_that_of_branches(found):
    runs = branches(CONFIG, decay_epochs=(2, 4), seeds=(3, 5), trunk_epochs=(0, 2, 4))
    np.testing.assert_allclose(found["test_error"], runs.test_error[:, :, -1], rtol=0, atol=1.5 / 797)  # one scan
    known = trunk_features.read(runs)
    for name in ("progress", "plateau"):
        # float32: the same updates in stacks of other sizes, each rounded at 1e-7 of values of order 1
        np.testing.assert_allclose(found[name], known[name], rtol=0, atol=1e-5)
    assert {name: found[name].shape for name in ("trial", "trial_as_given", "tails")} == dict.fromkeys(
        ("trial", "trial_as_given", "tails"), (2, 2)
    )
    assert found["cosine"].shape == (2,)
    fed = branches(replace(CONFIG, num_train=120, epochs=3), decay_epochs=(1,), seeds=(3, 5))
    np.testing.assert_array_equal(found["all_samples"], fed.test_error[0, :, -1])


def test_the_trial_and_the_tails_read_held_back_samples_and_never_the_test_set(found, monkeypatch):
    """With other test samples all that the rules read stays; with other held-back labels it moves."""
    real = data.load("digits")
    wrong = data.Split(real.test.inputs, (real.test.targets + 1) % 10)
    labels = real.train.targets.copy()
    labels[60:] = (labels[60:] + 1) % 10
    monkeypatch.setitem(data.dataset._SOURCES, "other test", lambda: replace(real, name="other test", test=wrong))
    moved = data.Split(real.train.inputs, labels)
    monkeypatch.setitem(data.dataset._SOURCES, "other rest", lambda: replace(real, name="other rest", train=moved))
    other, rest = (
        trial.validate({**SPEC, "config": replace(CONFIG, dataset=name)}) for name in ("other test", "other rest")
    )
    for name in ("trial", "trial_as_given", "tails"):
        np.testing.assert_array_equal(other[name], found[name])
        assert not np.array_equal(rest[name], found[name])
    assert not np.array_equal(other["test_error"], found["test_error"])
    np.testing.assert_array_equal(rest["test_error"], found["test_error"])
    assert not np.array_equal(rest["all_samples"], found["all_samples"])


def test_the_thrifty_rule_reads_a_few_of_the_held_back_samples(monkeypatch):
    monkeypatch.setattr(trial, "FEW", 60)  # all of them
    found = trial.validate(SPEC)
    np.testing.assert_array_equal(found["trial_on_few"], found["trial"])
    monkeypatch.setattr(trial, "FEW", 7)
    assert set(np.unique(np.round(7 * trial.validate(SPEC)["trial_on_few"], 5))) <= set(range(8))


def test_held_back_samples_are_none_of_the_runs_and_as_many():
    held, train = trial.held_back(CONFIG), data.load("digits").train
    np.testing.assert_array_equal(held.inputs, train.inputs[60:120])
    np.testing.assert_array_equal(held.targets, train.targets[60:120])
    assert len(trial.held_back(replace(CONFIG, num_train=800)).targets) == 200
    with pytest.raises(ValueError, match="`config` must leave training samples over"):
        trial.held_back(replace(CONFIG, num_train=None))


def test_labels_as_given_have_the_share_of_errors_that_training_has():
    rest = data.Split(np.zeros((20_000, 8, 8), np.float32), np.zeros(20_000, np.int64))
    moved = trial.labels_as_given(CONFIG, 0, rest).targets
    assert np.mean(moved != 0) == 0.2
    noisy = trial.labels_as_given(replace(CONFIG, label_corruption=0.0, label_noise=0.3), 0, rest).targets
    assert np.mean(noisy != 0) == pytest.approx(0.27, abs=0.01)  # three standard errors
    assert np.bincount(noisy, minlength=10)[1:] == pytest.approx(600, abs=75)
    assert (noisy != trial.labels_as_given(replace(CONFIG, label_noise=0.3), 1, rest).targets).any()


def test_the_lowest_error_is_chosen_and_of_several_the_latest():
    assert trial.choose(np.array([[0.3, 0.1, 0.2], [0.1, 0.3, 0.1], [0.2, 0.2, 0.2]])).tolist() == [1, 2, 2]


def test_a_trial_that_diverged_is_not_chosen():
    nan = np.nan
    assert trial.choose(np.array([[nan, 0.2, nan], [0.4, nan, nan], [nan, nan, nan]])).tolist() == [1, 0, 2]


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_runs_are_fresh_each_with_a_seed_of_its_own(profile):
    parts = trial.studies(profile)
    seeds = [seed for study in parts.values() for seed in study.seeds]
    configs = [config for study in parts.values() for config in study.conditions.values()]
    assert len(set(seeds)) == len(seeds)
    judged = [network_planner.held_out("book"), network_planner.familiar("book")]
    judged += planner_follow_up.studies().values()
    assert not set(seeds) & {seed for study in judged for seed in study.seeds}
    assert {(c.dataset, bool(c.label_noise), bool(c.label_corruption)) for c in configs} == {
        (name, fresh, not fresh) for name in ("digits", "mnist1d") for fresh in (True, False)
    }
    assert all(study.decay_epochs == network_planner.DECAYS for study in parts.values())
    if profile == "book":
        assert len(seeds) == 32
        assert max(seeds) < 100  # pilots
        assert set(configs) == {c for s in (network_planner.pilot(), judged[0]) for c in s.conditions.values()}
    else:
        assert min(seeds) >= 100
        assert not set(seeds) & set(network_planner.pilot().seeds)


def test_parts_come_back_in_their_order(tmp_path):
    """Longer ones run first; the rows stand as the parts do."""
    slow = replace(CONFIG, network="cnn1d", dataset="mnist1d", width=2)
    parts = {
        name: network_planner.Study(conditions={name: config}, seeds=seeds, decay_epochs=(2, 4))
        for name, config, seeds in (("fast", CONFIG, (3, 5)), ("slow", slow, (7,)))
    }
    out = trial.run(parts, workers=1, store=str(tmp_path))
    assert out.names == ("fast, seed 3", "fast, seed 5", "slow, seed 7")
    assert out.tasks == ("digits MLP", "digits MLP", "MNIST-1D CNN")
    alone = trial.validate(SPEC)
    for name in trial.ARRAYS:
        np.testing.assert_array_equal(getattr(out, name)[:2], alone[name].T)
    np.testing.assert_array_equal(out.oracle, out.test_error.min(axis=1))
    assert out.at(np.array([1, 0, 1])).tolist() == [out.test_error[0, 1], out.test_error[1, 0], out.test_error[2, 1]]
