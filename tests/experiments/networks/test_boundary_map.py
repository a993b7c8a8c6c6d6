"""The map's cells differ in their labels alone, and its control in the rates."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from lrdecay_core.experiments.networks import boundary_map
from lrdecay_core.experiments.networks.boundary_map import LARGE, SMALL, cell


@pytest.mark.parametrize(("profile", "cells"), [("quick", 4), ("book", 12)])
def test_cells_differ_in_their_two_kinds_of_wrong_labels(profile, cells):
    columns, rows = boundary_map.shares(profile)
    for part in boundary_map.sections(profile).values():
        assert len(part.conditions) == cells + 4
        assert all(30 <= seed < 36 for seed in part.seeds)  # pilots had those from 100
        first = asdict(part.conditions[cell(0.0, 0.0)])
        for c in columns:
            for q in rows:
                given = asdict(part.conditions[cell(c, q)])
                assert (given["label_corruption"], given["label_noise"]) == (c, q)
                assert {key for key in given if given[key] != first[key]} <= {"label_corruption", "label_noise"}


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_the_control_is_every_corner_at_a_tenth_of_both_rates(profile):
    columns, rows = boundary_map.shares(profile)
    for part in boundary_map.sections(profile).values():
        assert sum(name.endswith(SMALL) for name in part.conditions) == 4
        for c in (columns[0], columns[-1]):
            for q in (rows[0], rows[-1]):
                large, small = (asdict(part.conditions[cell(c, q, rate)]) for rate in (LARGE, SMALL))
                assert {key for key in large if large[key] != small[key]} == {"learning_rate", "decayed_rate"}
                for rate in ("learning_rate", "decayed_rate"):
                    assert small[rate] == pytest.approx(large[rate] / 10)


def test_a_run_gives_every_cell_its_ends_and_resumes(tmp_path):
    parts = {
        name: replace(
            part,
            conditions={
                key: replace(c, num_train=50, epochs=3) for key, c in part.conditions.items() if key.endswith(SMALL)
            },
            decay_epochs=(1, 2),
        )
        for name, part in boundary_map.sections("quick").items()
    }
    found = boundary_map.run(parts, workers=1, store=str(tmp_path))
    assert set(found) == {boundary_map.DIGITS, boundary_map.SIGNALS}
    again = boundary_map.run(parts, workers=1, store=str(tmp_path))
    for name, part in parts.items():
        assert set(found[name]) == set(part.conditions)
        for key, arms in found[name].items():
            assert arms.final.shape == (2, 2)
            np.testing.assert_array_equal(again[name][key].final, arms.final)
            assert again[name][key].seconds == arms.seconds  # read, not run


def test_the_description_holds_both_networks_and_the_profile():
    text = boundary_map.describe("book")
    assert text.count("- **") == 2
    assert "rate 0.3 and 0.03 after the decay, 125 epochs; early decay at epoch 25, late at 100; 6 seeds." in text
    assert text.endswith("`book` profile.")
