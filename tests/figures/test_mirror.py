"""Figures draw what they are given: the numbers on the axes are the numbers of the result."""

import numpy as np
import pytest

from lrdecay_core.claims import likeness
from lrdecay_core.claims.mirror import BOUNDS
from lrdecay_core.experiments.landscapes.mirror import MODEL, Mirror, study
from lrdecay_core.experiments.landscapes.views import GRID, LINE, Views
from lrdecay_core.figures import mirror as draw


def views(lowest):
    a, b = np.meshgrid(*GRID, indexing="ij")
    profile = np.stack([(LINE - lowest - 0.1 * s) ** 2 + 0.1 for s in range(3)])
    train = np.broadcast_to((a - 0.5) ** 2 + 9 * b**2, (3, 2, *a.shape))
    test = np.broadcast_to((a - lowest) ** 2 + b**2 + 1e-9, (3, 2, *a.shape))
    optimum = np.array([[[1.0, 0.5], [3.0, 0.25]]] * 3)
    return Views(
        line={"train": profile / 2, "test": profile},
        plane={"train": train, "test": test},
        optimum=optimum,
        length=np.ones(3),
    )


@pytest.fixture(scope="module")
def result():
    kinds = {"main": views(1.5), "unrelated": views(0.5), "small rate": views(9.0)}
    return Mirror(study=study("quick"), views={MODEL: kinds, "net": kinds}, reasons={}, seconds=1.0)


def dots(ax):
    return [line for line in ax.lines if line.get_marker() in ("o", "<", ">")]


def test_statistic_has_a_row_per_subject_and_control_networks_first(result):
    numbers = likeness.table(result)
    ax = draw.plot_statistic(numbers, "t*")
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["net", "unrelated", "small rate", MODEL, "unrelated", "small rate"]
    shown = [float(line.get_xdata()[0]) for line in dots(ax)]
    expected = [np.median(numbers[s][k]["t*"]) for s in ("net", MODEL) for k in numbers[s]]
    np.testing.assert_allclose(shown, expected)


def test_bound_is_marked_and_what_lies_outside_gets_an_arrow(result):
    numbers = {"net": {"main": {"t*": np.array([9.0, 9.5, 10.0])}}, MODEL: {"main": {"t*": np.array([-5.0, -5, -5])}}}
    ax = draw.plot_statistic(numbers, "t*", names=False)
    assert [line.get_marker() for line in dots(ax)] == [">", "<"]
    assert [float(line.get_xdata()[0]) for line in dots(ax)] == list(draw.LIMITS["t*"][::-1])
    bounds = [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"]
    assert bounds == [BOUNDS["t*"]]
    assert {label.get_text() for label in ax.get_yticklabels()} == {""}


def test_every_statistic_has_limits_and_can_be_drawn(result):
    numbers = likeness.table(result)
    assert set(draw.LIMITS) == set(likeness.STATISTICS)
    for name in likeness.STATISTICS:
        assert len(dots(draw.plot_statistic(numbers, name))) == 6


def test_correlation_shows_medians(result):
    numbers = likeness.plane_correlations(result)
    ax = draw.plot_correlation(numbers, "test")
    shown = [float(line.get_xdata()[0]) for line in dots(ax)]
    np.testing.assert_allclose(shown[1], np.median(numbers["net"]["unrelated"]["test"]))


def test_plane_marks_the_three_solutions_and_the_valley(result):
    ax = draw.plot_plane(result.views["net"]["main"], "train")
    where = [tuple(float(v[0]) for v in line.get_data()) for line in ax.lines]
    assert where == [(0, 0), (1, 0), (1, 0.5)]
    assert [text.get_text() for text in ax.texts] == ["E", "L", "O"]
    valley = ax.collections[-1]
    values = result.views["net"]["main"].plane["train"][0, 0]
    assert valley.levels[0] == pytest.approx(np.quantile(values, 0.1))
    edge = np.concatenate([path.vertices for path in valley.get_paths()])
    assert edge[:, 0].max() > 1.2  # long in the first coordinate: the map is not transposed
    assert np.abs(edge[:, 1]).max() < 0.5


def test_a_minimum_outside_the_window_is_said_to_lie_beyond(result):
    ax = draw.plot_plane(result.views["net"]["main"], "test", found_from="early")
    assert [text.get_text() for text in ax.texts] == ["E", "L", "O, beyond"]
    assert tuple(float(v[0]) for v in ax.lines[-1].get_data()) == (2.0, 0.25)


def test_scale_starts_low_spans_three_decades_at_most_and_survives_a_zero(result):
    shown = result.views["net"]["main"]
    zero, steep = np.array(shown.plane["train"]), 1e9 ** shown.plane["train"]
    zero[:, :, 4, 10] = 0
    for plane, decades in ((zero, None), (steep, 3.0)):
        given = Views(line=shown.line, plane={"test": plane}, optimum=shown.optimum, length=shown.length)
        levels = draw.plot_plane(given, "test").collections[0].levels
        assert levels[0] == pytest.approx(np.log10(np.quantile(plane[0, 0], 0.02)))
        expected = np.log10(plane[0, 0].max()) if decades is None else levels[0] + decades
        assert levels[-1] == pytest.approx(expected)


def test_profiles_are_scaled_and_the_models_mean_is_among_them(result):
    ax = draw.plot_profiles(result, "net")
    drawn = [line for line in ax.lines if len(line.get_xdata()) > 2]
    assert len(drawn) == 3 * 3 + 1
    for line in drawn[:-1]:
        assert np.mean(line.get_ydata()) == pytest.approx(0, abs=1e-9)
        assert np.std(line.get_ydata()) == pytest.approx(1)
    mean = likeness.profiles(result.views[MODEL]["main"]).mean(axis=0)
    np.testing.assert_allclose(drawn[-1].get_ydata(), mean)
