from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.experiments.model import space_curve
from lrdecay_core.theory import three_dimensional as exact

SMALL = replace(space_curve.setup("quick"), num_steps=2000, decay_steps=(0, 500, 2000), num_recorded=50)


@pytest.fixture(scope="module")
def walk():
    return space_curve.walk(SMALL)


def test_profiles_travel_the_same_slow_time():
    quick, book = space_curve.setup("quick"), space_curve.setup("book")
    for a, b in zip(quick.decay_steps, book.decay_steps, strict=True):
        assert quick.learning_rate**2 * a == pytest.approx(book.learning_rate**2 * b)
    assert replace(quick, learning_rate=1, num_steps=1, decay_steps=()) == replace(
        book, learning_rate=1, num_steps=1, decay_steps=()
    )


def test_decays_land_where_the_exact_law_says_in_proportion_to_the_decayed_rate(walk):
    gap = np.abs(walk.measured - walk.predicted).max(axis=1)
    assert gap[0] < 2e-4  # eta' = 0.01
    assert gap[0] / gap[1] == pytest.approx(2, rel=0.1)


def test_ends_lie_on_the_curve(walk):
    np.testing.assert_allclose(walk.ends[-1] ** 2, exact.coefficients(walk.measured[-1]), atol=1e-9)


def test_the_run_keeps_the_predicted_distance():
    found = space_curve.walk(replace(SMALL, num_steps=8000, decay_steps=(0,), tail_steps=1, num_recorded=2000))
    assert found.distance == pytest.approx(found.predicted_distance, rel=0.1)  # some hundred independent states


def test_chart_coordinates_undo_the_chart():
    angle, offset = np.array([-0.9, 0.1, 0.7, 1.4]), np.array([0.2, -0.3, 0.0, 0.15])
    s, nu, rest = space_curve.on_chart(exact.chart(angle, offset)).T
    np.testing.assert_allclose(s, exact.arc_length(angle), atol=1e-7)
    np.testing.assert_allclose(nu, offset, atol=1e-7)
    assert rest.max() < 1e-7


def test_distance_from_the_sheet_is_what_is_left():
    point = exact.curve(0.6)
    tangent = exact.curve(0.6 + 1e-6) - point
    across = exact.chart(0.6, 1.0) - point
    other = np.cross(tangent, across) / np.linalg.norm(tangent)
    _, nu, rest = space_curve.on_chart(point + 0.1 * other)
    assert abs(nu) < 1e-5
    assert rest == pytest.approx(0.1, abs=1e-5)


def test_the_floor_is_level_in_training_and_not_in_testing():
    found = space_curve.sheet(columns=41, rows=5)
    assert found.train_loss.shape == found.test_loss.shape == (5, 41)
    assert found.train_loss[2].max() < 1e-30
    np.testing.assert_allclose(found.test_loss[2], 2 * np.sin(np.linspace(-np.pi / 2, np.pi / 2, 41)) ** 4, atol=1e-14)


def test_description_has_a_row_per_decay(walk):
    text = space_curve.describe_ends(walk)
    assert [line.split("|")[1].strip() for line in text.splitlines()[2:5]] == ["0", "500", "2000"]
    assert "Largest deviation" in text
