import numpy as np
import pytest

from lrdecay_core.experiments.model.question import question
from lrdecay_core.figures.question import draw_question, plot_question


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
