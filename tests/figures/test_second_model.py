"""Figures draw what they are given: the numbers on the axes are the numbers of the result."""

import numpy as np
import pytest

from lrdecay_core.experiments.model.second_model import (
    ARMS,
    FULL_RANK,
    HALF,
    MAIN,
    SILENT,
    TENTH,
    MatrixRuns,
    MatrixStudy,
)
from lrdecay_core.figures import second_model as draw

STUDY = MatrixStudy(problems=(0, 1, 2), replicas=2, depths=(0.0, 1.0, 4.0))


@pytest.fixture
def runs():
    values = np.exp(np.random.default_rng(0).normal(size=(4, 5, 3, 3, 2)))
    names = ("norm_ratio", "test_loss", "train_loss", "imbalance")
    flat = np.ones((5, 3))
    rest = {"spectrum": np.ones((5, 3, 3, 10)), "least_test_loss": flat, "least_gap": flat, "seconds": 1.0}
    return MatrixRuns(study=STUDY, **dict(zip(names, values, strict=True)), **rest)


def labelled(ax):
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


@pytest.mark.parametrize("name", ["norm_ratio", "test_loss"])
def test_arms_are_means_over_problems_and_the_main_one_shows_each(runs, name):
    ax = draw.plot_after_decay(runs, name, arms=(MAIN, TENTH, SILENT, FULL_RANK))
    lines = labelled(ax)
    assert set(lines) == {"large rate", TENTH, SILENT, FULL_RANK}
    for arm in (MAIN, SILENT):
        x, y = lines["large rate" if arm == MAIN else arm].get_data()
        np.testing.assert_allclose(x, STUDY.steps(MAIN))
        np.testing.assert_allclose(y, getattr(runs, name)[ARMS.index(arm)].mean(axis=(0, 2)))
    np.testing.assert_allclose(ax.lines[1].get_ydata(), getattr(runs, name)[0, 1].mean(axis=1))
    assert ax.get_yscale() == ("linear" if name == "norm_ratio" else "log")


def test_clock_shows_two_rates_and_the_law(runs):
    lines = labelled(draw.plot_clock(runs))
    assert set(lines) == {"$\\eta = 0.04$", "$\\eta = 0.02$", "law, leading order"}
    x, y = lines["$\\eta = 0.02$"].get_data()
    np.testing.assert_allclose(x, STUDY.depths)
    np.testing.assert_allclose(y, runs.imbalance[ARMS.index(HALF)].mean(axis=(0, 2)))
    x, y = lines["law, leading order"].get_data()
    np.testing.assert_allclose(y, np.exp(-x))


def test_spectra_run_from_early_to_late_beside_the_truth():
    values, truth = np.array([[3.0, 2.0, 1.0], [3.0, 1.0, 0.0]]), np.array([2.0, 0.0, 0.0])
    ax = draw.plot_spectra(values, (0, 500), truth)
    lines = labelled(ax)
    assert list(lines) == ["decay at 0", "decay at 500", "truth"]
    np.testing.assert_allclose(lines["decay at 500"].get_ydata(), values[1])
    np.testing.assert_allclose(lines["truth"].get_ydata(), truth)
    np.testing.assert_allclose(lines["truth"].get_xdata(), [1, 2, 3])
