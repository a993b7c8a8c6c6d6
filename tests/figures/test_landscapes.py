"""Figures draw what they are given."""

import numpy as np
import pytest
import torch

from lrdecay_core import landscape
from lrdecay_core.experiments.landscapes.planes import Picture
from lrdecay_core.experiments.landscapes.valley_walk import Paths, Track, Walk
from lrdecay_core.figures import landscapes as draw


@pytest.fixture
def picture():
    axes = torch.eye(3)
    plane = landscape.plane_through(torch.zeros(3), 2 * axes[0], axes[0] + axes[1])
    losses = {"train": lambda v: v[1] ** 2 + 0.1, "test": lambda v: (v[0] - 2) ** 2 + 0.1}
    return Picture(
        surface=landscape.surface(plane, losses, num=(6, 7)),
        trunk=landscape.project(plane, torch.tensor([[0.0, 0.5, 1.0], [1.0, 0.5, 4.0]])),
        trunk_epochs=(1, 2),
        ends=landscape.project(plane, torch.stack([0 * axes[0], 2 * axes[0]])),
        decay_times=(1, 2),
        end_losses={"train": np.array([0.1, 0.1]), "test": np.array([4.1, 0.1])},
        levels=np.geomspace(0.1, 10, 5),
    )


def test_a_plane_shows_ends_trunk_and_optimum_where_they_are(picture):
    ax = draw.plot_plane(picture, loss="test")
    drawn = np.concatenate([line.get_xydata() for line in ax.lines])
    for point in ([0, 0], [2, 0], [1, 1], [0, 0.5], [1, 0.5]):
        assert np.isclose(drawn, point).all(axis=1).any()
    squares = next(c for c in ax.collections if c.get_offsets().shape == (2, 2) and len(c.get_sizes()) == 2)
    np.testing.assert_allclose(squares.get_sizes(), [15, 60])  # four times as far off, four times the area
    assert any("1.0 to 4.0 off the plane" in text.get_text() for text in ax.texts)


def test_the_test_loss_falls_to_the_right_on_its_own_panel(picture):
    ax = draw.plot_plane(picture, loss="test")
    filled = ax.collections[0]
    lightest = next(path for path in filled.get_paths() if len(path.vertices))
    middle = (picture.surface.alpha[0] + picture.surface.alpha[-1]) / 2
    assert lightest.vertices[:, 0].mean() > middle


def test_planes_stand_in_pairs_with_one_scale(picture):
    fig = draw.draw_planes({"a": picture, "b": picture})
    titles = [ax.get_title(loc) for ax in fig.axes for loc in ("left", "center") if ax.get_title(loc)]
    assert titles == ["a: training loss", "a: testing loss", "b: training loss", "b: testing loss"]
    for ax in fig.axes[:4]:
        np.testing.assert_allclose(ax.collections[0].levels, picture.levels)


def test_track_draws_means_over_seeds():
    track = Track(epochs=(1, 2, 4), along=np.array([[0, 2], [2, 4], [4, 6.0]]), across=np.ones((3, 2)))
    ax = draw.plot_track({"a": track})
    means = {line.get_label(): line.get_ydata() for line in ax.lines}
    np.testing.assert_allclose(means["a: along"], [1, 3, 5])
    np.testing.assert_allclose(means["a: across"], 1)


def test_barriers_of_pairs_and_of_the_controls():
    walk = Walk(
        decay_epochs=(1, 2), train_loss=np.zeros((2, 3)), pairs=((1, 2),), barrier=np.array([[0.0, 0.1, 0.2]]),
        rise=np.zeros((1, 3)), between=np.ones(3), excursion=np.ones((2, 3)), siblings=np.full(3, 0.5),
        unrelated=np.full(3, 0.7), kin_rise=np.zeros((2, 3)),
    )  # fmt: skip
    ax = draw.plot_barriers(walk, bound=0.05)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1 to 2", "siblings", "other seeds,\naligned"]
    values = np.concatenate([np.atleast_1d(line.get_ydata()) for line in ax.lines])
    for value in (0.0, 0.1, 0.2, 0.5, 0.7, 0.05):
        assert np.isclose(values, value).any()


def test_paths_are_dashed_training_losses():
    t = np.linspace(0, 1, 5)
    paths = Paths(names=("one",), t=t, lines=1 + t[None], curves=1 - t[None] ** 2)
    for curved, (losses,) in ((False, paths.lines), (True, paths.curves)):
        (drawn,) = draw.plot_paths(paths, curved=curved).lines
        assert drawn.get_linestyle() == "--"
        np.testing.assert_array_equal(drawn.get_xydata(), np.transpose([t, losses]))


def test_against_decay_shows_every_seed_and_the_mean():
    values = np.array([[1.0, 3.0], [0.0, 1.0], [0.2, 0.4]])
    ax = draw.plot_against_decay((1, 10, 100), values, ylabel="distance")
    drawn = np.concatenate([np.atleast_1d(line.get_ydata()) for line in ax.lines])
    for value in [*values.ravel(), 2.0, 0.5, 0.3]:
        assert np.isclose(drawn, value).any()
    assert ax.get_ylabel() == "distance"
