import numpy as np

from lrdecay_core.claims.statistics import mean_interval
from lrdecay_core.figures import your_own_run as draw


def test_regret_has_a_dot_per_run_the_mean_and_its_interval():
    values = {"planner": np.array([0.0, 0.2]), "cosine": np.array([0.1, 0.3, 0.3])}
    ax = draw.plot_regret(values)
    dots, bars, means = ax.lines[0:6:3], ax.lines[1:6:3], ax.lines[2:6:3]
    for numbers, dot, bar, mean in zip(values.values(), dots, bars, means, strict=True):
        found = mean_interval(numbers)
        assert dot.get_xdata().tolist() == numbers.tolist()
        assert list(bar.get_xdata()) == [found.low, found.high]
        assert list(mean.get_xdata()) == [found.estimate]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["planner", "cosine"]
    assert [mean.get_color() for mean in means] == [draw.MEASURED, draw.CONTROL]
    other = draw.plot_regret(values, ours="cosine")
    assert [mean.get_color() for mean in other.lines[2:6:3]] == [draw.CONTROL, draw.MEASURED]


def test_a_wide_interval_of_few_runs_does_not_squeeze_them():
    ax = draw.plot_regret({"planner": np.array([0.0, 0.1])})  # its interval reaches beyond 0.6
    assert ax.get_xlim()[1] < 0.2


def test_a_single_run_has_no_interval():
    ax = draw.plot_regret({"planner": np.array([0.1])})
    assert np.isnan(ax.lines[1].get_xdata()).all()


def test_a_trial_is_ringed_where_it_is_lowest_and_of_several_at_the_latest():
    seen, final = np.array([[0.5, 0.1, 0.1], [0.3, 0.2, 0.4]]), np.array([[0.2, 0.3, 0.1], [0.1, 0.2, 0.3]])
    ax = draw.plot_trial(seen, final, (2, 8, 32))
    rings = [line for line in ax.lines if line.get_marker() == "o"]
    assert [float(np.squeeze(ring.get_xdata())) for ring in rings] == [32, 8, 32, 2]
    named = [line.get_label() for line in ax.lines if not line.get_label().startswith("_")]
    assert named == ["after the trial, held-back samples", "at the end, test samples"]
    np.testing.assert_array_equal(ax.lines[2].get_ydata(), seen[1])
