"""The map's verdict follows made-up gains."""

from types import SimpleNamespace

import numpy as np
import pytest

from lrdecay_core.claims import boundary_map as evidence
from lrdecay_core.experiments.networks.arms import Arms
from lrdecay_core.experiments.networks.boundary_map import LARGE, SMALL, cell, shares

JITTER = 0.001 * np.array([-1, 1, -1, 1, 0])


@pytest.fixture(autouse=True)
def book_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


def arms(gain, jitter):
    error = np.stack([0.3 + gain + jitter, np.full(len(jitter), 0.3)])[:, :, None]
    blank = {"decay_epochs": (1, 2), "epochs": np.arange(1), "seconds": 0.0, "travel": None}
    return Arms(config=SimpleNamespace(), train_loss=error, train_error=error, test_error=error, **blank)


def runs(corruption, noise, *, control=(0.0, 0.0), clean=0.1, jitter=JITTER):
    """Gains fall by ``corruption`` and rise by ``noise`` from the near corner to the far ones, on straight lines."""
    columns, rows = shares()
    found = {}
    for rate, (c, q) in ((LARGE, (corruption, noise)), (SMALL, control)):
        for share in columns:
            for chance in rows:
                found[cell(share, chance, rate)] = arms(clean - c * share / columns[-1] + q * chance / rows[-1], jitter)
    return found


def test_cells_stand_in_rows_of_fresh_noise_and_columns_of_corruption():
    found = np.array([[i.estimate for i in row] for row in evidence.gain_map(runs(0.2, 0.03))])
    columns, rows = shares()
    assert found.shape == (len(rows), len(columns))
    np.testing.assert_allclose(found[0, [0, -1]], [0.1, -0.1])
    np.testing.assert_allclose(found[-1, [0, -1]], [0.13, -0.07])


def test_contrasts_are_those_of_the_corners_of_one_rate():
    made = runs(0.2, 0.03, control=(0.05, -0.01))
    for rate, effects in ((LARGE, (-0.2, 0.03)), (SMALL, (-0.05, -0.01))):
        found = evidence.contrasts(made, rate)
        for values, effect in zip(found.values(), effects, strict=True):
            np.testing.assert_allclose(values, np.full(5, effect), atol=1e-12)
    made[cell(0.4, 0.0)] = arms(-0.3, JITTER)  # one corner lower by 0.2 counts half in both
    found = evidence.contrasts(made)
    np.testing.assert_allclose(found["corruption"], -0.3)
    np.testing.assert_allclose(found["fresh noise"], 0.13)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"corruption": 0.2, "noise": 0.0}, "corruption the gain falls: **-0.2000"),
        ({"corruption": 0.2, "noise": 0.0}, "n = 5, which does not share it."),
        ({"corruption": 0.2, "noise": 0.0, "control": (0.2, 0.0)}, "which may do the same."),
        ({"corruption": 0.2, "noise": 0.0, "control": (0.3, 0.0)}, "which may do the same."),
        ({"corruption": 0.0, "noise": 0.1}, "fresh noise the gain rises: **+0.1000"),
    ],
)
def test_an_effect_is_held_against_the_control(made, words):
    made = runs(**made)
    for k, name in enumerate(made):
        if "large" in name:  # differences between cells are then not exact
            made[name] = arms(float(made[name].final[0].mean() - 0.3), np.roll(JITTER, k))
    assert words in evidence.describe({"net": made})


def test_cells_are_counted_by_the_side_their_interval_lies_on():
    made = runs(0.0, 0.0, clean=0.0)
    assert "of 12 cells, late is better in 0 and worse in 0." in evidence.describe({"net": made})
    made[cell(0.1, 0.15)], made[cell(0.2, 0.15)] = arms(0.1, JITTER), arms(-0.1, JITTER)
    text = evidence.describe({"net": made})
    assert "of 12 cells, late is better in 1 and worse in 1." in text
    assert "corruption the gain shows no clear change" in text


def test_one_seed_has_no_verdict():
    assert "One seed cannot judge corruption." in evidence.describe({"net": runs(0.2, 0.1, jitter=JITTER[:1])})
