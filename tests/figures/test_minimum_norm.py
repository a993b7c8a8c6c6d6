"""Figures draw what they are given: the numbers on the axes are the numbers of the result."""

from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.claims import Interval
from lrdecay_core.experiments.model import recovery
from lrdecay_core.experiments.model.minimum_norm import ARMS, Norms
from lrdecay_core.experiments.model.recovery import ESTIMATORS, OtherTruth, Results
from lrdecay_core.experiments.model.variants import VARIANTS, Weighted
from lrdecay_core.figures import minimum_norm as draw
from tests.claims.test_variants import made_up


@pytest.fixture
def norms():
    ratio = np.array([7.0, 2.0, 1.01])[None, :, None] * np.ones((2, 3, 2))
    scale = np.log(np.array([0.5, 1e-3, 1e-6]))[None, :, None] * np.ones((2, 3, 2))
    return Norms(
        decay_steps=np.array([0, 100, 1000]), ratio={arm: ratio + i for i, arm in enumerate(ARMS)},
        test_loss=np.exp(scale), log_scale=scale, taken=dict.fromkeys(ARMS, ratio), bound=np.ones(2),
        kappa=np.array([0.5, 0.4]), slope=np.array([0.5, 0.6]), seconds=1.0,
    )  # fmt: skip


@pytest.fixture
def results():
    plan = replace(
        recovery.plan("quick"), samples=(8, 14), problem_seeds=(0, 1, 2), error_seeds=(0, 1, 2),
        label_errors=(0.1, 0.3), decay_steps=(100, 1000, 4000),
    )  # fmt: skip
    draws = np.random.default_rng(0)
    return Results(
        plan=plan, success=(np.array([10, 20]),), sparse=draws.uniform(0.1, 1, (2, 3, 6)),
        dense=draws.uniform(0.1, 1, (2, 3, 6)), noisy=draws.uniform(0.1, 1, (2, 3, 6)),
        noisy_path=draws.uniform(0.1, 1, (2, 3, 3)), seconds=1.0,
    )  # fmt: skip


def labelled(ax):
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def test_norm_shows_every_arm_and_keeps_step_zero_on_the_axis(norms):
    lines = labelled(draw.plot_norm(norms))
    assert len(lines) == len(ARMS)
    np.testing.assert_allclose(lines["large rate"].get_ydata(), [7.0, 2.0, 1.01])
    assert lines["large rate"].get_xdata()[0] > 0


def test_scale_line_has_the_predicted_slope(norms):
    ax = draw.plot_scale(norms, problem=1)
    x, y = labelled(ax)["slope 1.20"].get_data()
    assert np.ptp(np.log(y)) / np.ptp(np.log(x)) == pytest.approx(1.2)
    left, right = ax.get_xlim()
    assert left > right


@pytest.mark.parametrize(("truth", "reference"), [("sparse", "knows the support"), ("dense", "minimum $\\ell_2$")])
def test_samples_show_medians_relative_to_predicting_zero(results, truth, reference):
    lines = labelled(draw.plot_samples(results, truth=truth))
    assert set(lines) == {"early", "late", "minimum norm", reference}
    late = getattr(results, truth)[:, :, ESTIMATORS.index("late")]
    np.testing.assert_allclose(lines["late"].get_ydata(), np.median(late, axis=1) / (results.plan.setting.sparsity / 2))


def test_success_shows_shares_and_bounds():
    rows = [[Interval(0.2, 0.1, 0.3, 10), Interval(0.9, 0.8, 1.0, 10)]]
    ax = draw.plot_success([(8, 20)], rows, [20], ["d = 40"])
    np.testing.assert_allclose(ax.containers[0].lines[0].get_ydata(), [0.2, 0.9])
    assert any(list(line.get_xdata()) == [20, 20] for line in ax.lines)


def test_risks_mark_the_medians(results):
    ax = draw.plot_risks(results, 0.3)
    bars = [line.get_xdata()[0] for line in ax.lines if line.get_linewidth() == 3]
    np.testing.assert_allclose(bars, np.median(results.noisy[1], axis=0))
    assert len(ax.get_yticklabels()) == len(ESTIMATORS)


def test_label_errors_end_in_the_minimum_norm(results):
    ax = draw.plot_label_errors(results)
    bars = [line.get_ydata()[0] for line in ax.lines if line.get_linewidth() == 3]
    np.testing.assert_allclose(bars, np.median(results.noisy[:, :, 2], axis=1))
    np.testing.assert_allclose(labelled(ax)["label errors 0.3"].get_ydata(), np.median(results.noisy_path[1], axis=0))


def test_other_truth_shows_both_scores():
    steps = np.arange(3)
    ax = draw.plot_other_truth(OtherTruth(decay_steps=steps, test_loss=2.0 - steps, other_loss=1.0 * steps))
    assert [line.get_ydata().tolist() for line in ax.lines] == [[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]]


def test_lines_are_medians_over_problems():
    runs = made_up(change=0.4)
    scale = np.linspace(1, 3, len(VARIANTS))[:, None, None]
    runs = replace(runs, predicted=runs.predicted * scale, limit_loss=np.arange(24.0).reshape(6, 4))
    ax = draw.plot_variant(runs, "dense truth")
    lines = {line.get_label(): line for line in ax.lines}
    np.testing.assert_allclose(lines["predicted"].get_ydata(), np.median(runs.predicted[3], axis=0))
    np.testing.assert_allclose(lines["measured"].get_ydata(), np.median(runs.mean[3], axis=0))
    np.testing.assert_allclose(lines["least weighted norm"].get_ydata(), 13.5)
    np.testing.assert_array_equal(lines["measured"].get_xdata(), runs.study.depths)
    labels = [ax.xaxis.get_major_formatter()(x, 0) for x in ax.get_xticks()]
    assert labels == ["0", "20"]  # depth 8 is 20,000 steps
    assert (ax.get_yscale(), ax.get_ylim()[0]) == ("linear", 0)


def test_a_limit_of_nothing_is_not_drawn():
    runs = replace(made_up(), limit_loss=np.zeros((len(VARIANTS), 4)))
    assert len(draw.plot_variant(runs, "sparse truth").lines) == 2


def test_two_decades_need_a_log_scale():
    assert draw.plot_variant(made_up(change=1e-3), "sparse truth").get_yscale() == "log"


def test_weighted_shows_prediction_and_measurement():
    v = np.array([0.5, 2.0])
    found = Weighted(column_weights=v, taken=1.1 * v, to_weighted=v, to_plain=v)
    lines = {line.get_label(): line for line in draw.plot_weighted(found).lines}
    np.testing.assert_array_equal(lines["predicted"].get_xdata(), lines["predicted"].get_ydata())
    np.testing.assert_allclose(lines["measured"].get_ydata(), 1.1 * v)
