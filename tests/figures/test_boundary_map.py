"""The map shows the number of every cell, and colour only where it is sure."""

import matplotlib.pyplot as plt
import numpy as np

from lrdecay_core.claims.statistics import Interval
from lrdecay_core.figures import boundary_map as draw

GAINS = [
    [Interval(0.012, 0.002, 0.022, 6), Interval(0.03, -0.01, 0.07, 6), Interval(-0.2, -0.3, -0.1, 6)],
    [Interval(0.09, 0.08, 0.1, 6), Interval(0.0, np.nan, np.nan, 1), Interval(-0.01, -0.02, -0.001, 6)],
]


def shown(ax):
    return {tuple(text.get_position()): text.get_text() for text in ax.texts}


def test_every_cell_says_its_gain_in_points_with_the_half_width():
    ax = plt.subplots()[1]
    draw.plot_gain_map(GAINS, columns=(0, 0.1, 0.4), rows=(0, 0.3), ax=ax)
    found = shown(ax)
    assert found[0.5, 0.5] == "+1.2\n± 1.0"
    assert found[2.5, 0.5] == "−20.0\n± 10.0"
    assert found[1.5, 1.5] == "+0.0"  # one seed has no interval
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0%", "10%", "40%"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0%", "30%"]


def test_colour_is_for_intervals_that_leave_out_zero_blue_above_and_vermilion_below():
    image = draw.plot_gain_map(GAINS, columns=(0, 0.1, 0.4), rows=(0, 0.3))
    np.testing.assert_allclose(image.get_array(), [[1.2, 0, -20], [9, 0, -1]])
    assert image.norm(0.0) == 0.5
    red, _, blue, _ = image.cmap(image.norm(np.array([-6.0, 6.0]))).T
    assert red[0] > blue[0]
    assert blue[1] > red[1]
