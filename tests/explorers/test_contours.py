import re

import numpy as np
import pytest
from matplotlib.path import Path

from lrdecay_core.explorers import contours

GRID = np.add.outer(np.linspace(-1, 1, 21) ** 2, np.linspace(-0.5, 1, 16))  # rises to the right of 0 and upwards


def rings(text):
    """Read path data back: a list of closed rings in map units."""
    found = []
    for ring in re.findall(r"M([^z]*)z", text):
        start, moves = ring.split("l")
        steps = np.array([int(v) for v in re.findall(r"-?\d+", moves)]).reshape(-1, 2)
        first = np.array([int(v) for v in start.split()])
        found.append(np.vstack([first, first + np.cumsum(steps, axis=0)]))
    return found


def inside(text, points):
    """Return which points are inside by the even-odd rule."""
    return sum(Path(np.vstack([ring, ring[:1]])).contains_points(points).astype(int) for ring in rings(text)) % 2 == 1


def test_a_path_encloses_just_what_is_below_its_level():
    levels, height = np.array([0.0, 0.4, 0.9]), 750.0
    draw = np.random.default_rng(0).random((2000, 2))
    points = draw * [contours.UNITS, height]
    value = np.log10(contours.at(GRID, draw[:, 0], 1 - draw[:, 1]))  # y down
    for text, level in zip(contours.paths(GRID, levels, height=height), levels, strict=True):
        sure = np.abs(value - level) > 0.01  # contourpy cuts cells by lines, the cursor is bilinear; units are whole
        np.testing.assert_array_equal(inside(text, points)[sure], (value < level)[sure])


def test_a_hole_stays_open():
    bump = -np.hypot(*np.meshgrid(np.linspace(-1, 1, 41), np.linspace(-1, 1, 41), indexing="ij"))  # high in the middle
    (text,) = contours.paths(bump, np.array([-0.5]), height=1000.0)
    assert len(rings(text)) == 2
    assert inside(text, np.array([[500, 500], [100, 500], [500, 100]])).tolist() == [False, True, True]


def test_what_is_not_a_number_is_high_and_an_empty_region_is_no_path():
    grid = GRID.copy()
    grid[:4] = np.nan
    low, all_ = contours.paths(grid, np.array([-2.0, 5.0]), height=500.0)
    assert low == ""
    assert inside(all_, np.array([[20, 250], [900, 250]])).tolist() == [False, True]


def test_values_are_those_at_nodes_and_linear_in_the_logarithm_between():
    rows, cols = GRID.shape
    i, j = np.meshgrid(range(rows), range(cols), indexing="ij")
    np.testing.assert_allclose(np.log10(contours.at(GRID, i / (rows - 1), j / (cols - 1))), GRID, atol=1e-12)
    middle = contours.at(GRID, 0.5 / (rows - 1), 0.0)
    assert middle == pytest.approx(np.sqrt(10 ** GRID[0, 0] * 10 ** GRID[1, 0]))


def test_logarithms_are_good_to_their_last_decimal():
    values = np.random.default_rng(1).lognormal(size=(5, 6))
    # half of 1e-4 in the logarithm to base 10
    np.testing.assert_allclose(10 ** contours.logs(values), values, rtol=1.2e-4)
