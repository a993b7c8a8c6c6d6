from dataclasses import asdict, replace

import numpy as np
import pytest

from lrdecay_core.experiments.networks import arms, sizes


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_all_sizes_have_the_same_updates_and_decay_at_the_same_shares_of_them(profile):
    for part in sizes.sections(profile).values():
        config = part.conditions[sizes.LARGE]
        updates = {"quick": 400, "book": 6400}[profile]
        assert config.epochs * config.steps_per_epoch == updates
        early, late = (t * config.steps_per_epoch for t in part.decay_epochs)
        assert (early, late) == (updates / {"quick": 10, "book": 20}[profile], updates / 2)
        assert max(part.seeds) < 100  # pilots have the seeds from 100


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_an_axis_moves_one_thing_and_all_meet_in_one_network(profile):
    parts, moved = (
        sizes.sections(profile),
        {"width": {"width"}, "depth": {"network"}, "samples": {"num_train", "epochs"}},
    )
    shared = []
    for axis, values in sizes.axes(profile).items():
        configs = [parts[f"{axis} {value}"].conditions[sizes.LARGE] for value in values]
        fields = [asdict(config) for config in configs]
        assert {key for one in fields for key in one if one[key] != fields[0][key]} == moved[axis]
        assert list(values) == sorted(values)
        shared.append({config.key for config in configs})
    assert len(set.intersection(*shared)) == 1


def test_the_control_differs_in_its_rates_alone():
    part = sizes.sections("book")["depth 4"]
    large, small = (asdict(part.conditions[name]) for name in (sizes.LARGE, sizes.SMALL))
    assert {key for key in large if large[key] != small[key]} == {"learning_rate", "decayed_rate"}
    assert small["learning_rate"] == pytest.approx(large["learning_rate"] / 10)
    assert small["decayed_rate"] < small["learning_rate"]


def test_the_description_holds_the_budget_and_the_profile():
    text = sizes.describe("book")
    assert "6,400 updates on batches of 25, decays after 5% and 50% of them, 5 seeds" in text
    assert text.endswith("`book` profile.")


def test_ends_are_those_of_the_branched_runs():
    part = sizes.sections("quick")["samples 250"]
    conditions = {name: replace(c, num_train=100, epochs=6, width=8) for name, c in part.conditions.items()}
    small = replace(part, conditions=conditions, decay_epochs=(1, 3), seeds=(5, 7, 9))
    found, whole = sizes.run({"a": small}, workers=1)["a"], arms.run({"a": small}, workers=1)["a"]
    for name in conditions:
        np.testing.assert_allclose(found[name].final, whole[name].final, rtol=0, atol=1e-3)  # one signal of 1,000
        # float32: stacks of other sizes may sum in another order
        np.testing.assert_allclose(
            found[name].train_loss[:, :, -1], whole[name].train_loss[:, :, -1], rtol=0, atol=1e-5
        )
        assert np.isnan(found[name].train_error).all()
        assert found[name].epochs.tolist() == [6.0]
