import numpy as np
import pytest

from lrdecay_core.experiments.model import geometry, space_curve
from lrdecay_core.figures import space_curve as draw


@pytest.fixture(scope="module")
def walk():
    setup = space_curve.Setup(learning_rate=0.02, num_steps=300, decay_steps=(0, 150, 300), num_recorded=30)
    return space_curve.walk(setup)


def lines(ax):
    return {line.get_label(): line for line in ax.lines}


def test_space_shows_the_closed_curve_both_minima_the_run_and_all_ends(walk):
    ax = draw.plot_space(walk)
    shown = lines(ax)
    loop = np.array(shown["minima of the training loss"].get_data_3d())
    np.testing.assert_allclose(loop[:, 0], loop[:, -1], atol=1e-12)
    np.testing.assert_allclose(np.array(shown["SGD at the large rate"].get_data_3d()).T, walk.weights)
    assert len(shown["minima of the test loss"].get_data_3d()[0]) == 2
    ends = [np.ravel(line.get_data_3d()) for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(ends, walk.ends[-1])
    assert "decayed at step 300" in shown


def test_sheets_share_axes_and_levels_and_only_testing_has_the_star(walk):
    sheet = space_curve.sheet(columns=21, rows=5)
    train, test = draw.plot_sheet(sheet, walk, loss="train"), draw.plot_sheet(sheet, walk, loss="test")
    assert train.get_xlim() == pytest.approx(test.get_xlim())
    assert train.get_ylim() == test.get_ylim()
    np.testing.assert_array_equal(train.collections[0].levels, test.collections[0].levels)
    assert [line.get_marker() for line in train.lines].count("*") == 0
    assert [line.get_marker() for line in test.lines].count("*") == 1
    np.testing.assert_array_equal(train.lines[0].get_xdata(), walk.chart[:, 0])


def test_ends_show_law_run_and_slow_law(walk):
    shown = lines(draw.plot_ends(walk))
    np.testing.assert_array_equal(shown["exact law"].get_ydata(), walk.predicted)
    np.testing.assert_array_equal(shown["decayed run"].get_ydata(), walk.measured[-1])


def test_increments_carry_their_slopes():
    found = geometry.increments(runs=3)
    text = [t.get_text() for t in draw.plot_increments(found).get_legend().get_texts()]
    assert [t.split("slope ")[1] for t in text] == [f"{s:.2f}" for s in found.slopes]
