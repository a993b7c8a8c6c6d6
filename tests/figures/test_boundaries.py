"""Figures draw what they are given."""

import numpy as np
import pytest

from lrdecay_core.claims.exploratory import SQUARES, SUM, TIME
from lrdecay_core.experiments.model.label_noise_off import SilentModel
from lrdecay_core.experiments.networks.arms import Arms
from lrdecay_core.experiments.networks.schedules import RULER, Shapes
from lrdecay_core.figures import boundaries as draw
from lrdecay_core.training import TrainConfig


@pytest.fixture
def runs():
    config = TrainConfig(
        network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01, batch_size=10,
        num_train=100, epochs=10,
    )  # fmt: skip
    error = np.random.default_rng(0).uniform(0.1, 0.5, size=(2, 2, 3, 4))
    shared = {"config": config, "decay_epochs": (1, 5), "epochs": np.arange(4), "seconds": 0.0}
    return {
        name: Arms(train_loss=e, train_error=e, test_error=e, travel=None, **shared)
        for name, e in zip(("0%", "20%"), error, strict=True)
    }


def lines(ax):
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def test_corruption_shows_ends_and_best_stops(runs):
    found = lines(draw.plot_corruption(runs))
    assert set(found) == {f"decays at {t}{tail}" for t in (1, 5) for tail in ("", ", stopped in time")}
    ends = [arms.final[1].mean() for arms in runs.values()]
    stops = [arms.stopped[0].mean() for arms in runs.values()]
    np.testing.assert_allclose(found["decays at 5"].get_ydata(), ends)
    np.testing.assert_allclose(found["decays at 1, stopped in time"].get_ydata(), stops)


def test_memory_shows_every_seed_and_the_mean(runs):
    ax = draw.plot_memory(runs["20%"])
    np.testing.assert_allclose(lines(ax)["decays at 1"].get_ydata(), runs["20%"].test_error[0].mean(axis=0))
    assert len(ax.lines) == 2 * (3 + 1)


def test_persistence_has_a_line_per_condition_from_t_to_four_t(runs):
    found = lines(draw.plot_persistence(runs))
    np.testing.assert_allclose(found["20%"].get_ydata(), runs["20%"].final.mean(axis=1))


def test_silent_model_is_shown_over_its_first_value():
    loss = np.array([[[2.0, 1.0], [4.0, 1.0]], [[2.0, 2.0], [4.0, 4.0]]])
    found = SilentModel(steps=(10, 40), fallen=loss, test_loss=loss, bound=np.ones(2))
    drawn = lines(draw.plot_silent(found))
    assert drawn["fresh label noise"].get_ydata().tolist() == [1.0, 0.375]
    assert drawn["no label noise"].get_ydata().tolist() == [1.0, 1.0]


@pytest.mark.parametrize(("scale", "place"), [(SQUARES, 0.09 * 7), (SUM, 0.3 * 7), (TIME, 7)])
def test_shapes_are_drawn_at_their_place_on_a_scale(scale, place):
    names = (*map(str, RULER), "cosine")
    rates = 0.3 * np.tri(len(names))
    error = np.random.default_rng(0).uniform(size=(len(names), 3))
    ax = draw.plot_shapes(Shapes(names=names, test_error=error, rates=rates, seconds=0.0), scale)
    np.testing.assert_allclose(lines(ax)["step decays"].get_ydata(), error[:-1].mean(axis=1))
    np.testing.assert_allclose(lines(ax)["cosine"].get_xdata(), [place])
    assert ax.get_xlabel() in scale.lower()


def test_a_clock_puts_decays_where_it_reads_them(runs):
    ax = draw.plot_clock(runs, "η²T / B")
    np.testing.assert_allclose(ax.lines[0].get_xdata(), 0.1**2 * np.array([10, 50]) / 10)
    np.testing.assert_allclose(ax.lines[1].get_ydata(), runs["20%"].final.mean(axis=1))
    assert ax.get_xlabel() == "η²T / B"


def test_sizes_are_drawn_at_their_places_with_the_control_in_grey():
    gains = {"large": np.array([[0.1, 0.3], [0.2, 0.2], [0.5, 0.7]]), "small": np.zeros((3, 2))}
    ax = draw.plot_sizes(gains, (6, 12, 24))
    found = lines(ax)
    np.testing.assert_allclose(found["large"].get_xdata(), [6, 12, 24])
    np.testing.assert_allclose(found["large"].get_ydata(), [0.2, 0.2, 0.6])
    assert (found["large"].get_color(), found["small"].get_color()) == (draw.LATE, draw.CONTROL)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["6", "12", "24"]
