import numpy as np
import pytest

from lrdecay_core.experiments.model import geometry, space_curve
from lrdecay_core.experiments.model.exits import question
from lrdecay_core.figures import space_curve as draw
from lrdecay_core.figures.space_curve import draw_question, plot_question


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


@pytest.fixture(scope="module")
def found():
    return question(decay_steps=(0, 2000, 4000), num_recorded=40)


@pytest.mark.parametrize("loss", ["train", "test"])
def test_exits_carry_the_loss_they_end_at(found, loss):
    ax = plot_question(found, loss=loss)
    losses = found.train_loss if loss == "train" else found.test_loss
    expected = [f"{name}: {value:.2f}" for name, value in zip(("early", "middle", "late"), losses, strict=True)]
    assert [text.get_text() for text in ax.texts] == expected
    dots = [line.get_xydata()[0] for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots, found.ends)
    assert sum(line.get_marker() == "*" for line in ax.lines) == (loss == "test")


def test_panels_share_axes_and_time_runs_to_the_right(found):
    left, right = draw_question(found).axes
    assert left.get_xlim() == right.get_xlim()
    assert left.get_xlim()[0] > left.get_xlim()[1]
    assert "Training" in left.get_title(loc="left") + left.get_title()
    assert "Testing" in right.get_title(loc="left") + right.get_title()
