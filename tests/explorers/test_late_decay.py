import numpy as np
import pytest

from lrdecay_core import explorers, model, schedules, theory
from lrdecay_core.model import Problem

SETTINGS = [
    {},
    {"decay_step": 0, "noise": 0.0, "seed": 7},
    {"decay_step": 1234, "rate": 0.075, "decayed": 0.0131},
    {"decay_step": 1990, "rate": 0.2, "seed": 19},
    {"rate": 0.09, "noise": 4.0, "decay_step": 1500},
]


@pytest.fixture(scope="module")
def explorer(problem):
    return explorers.late_decay(problem, num_steps=2000, batch_size=2, early=100)


def test_it_draws_the_librarys_runs_and_they_differ_in_their_decay_alone(problem, explorer):
    state = explorer.state(decay_step=700, rate=0.06, decayed=0.003, noise=1.5, seed=4)
    for run, decay in enumerate((700, 100, 2000)):
        path = model.sgd(
            problem,
            schedule=schedules.step_decay(learning_rate=0.06, decay_step=decay, decayed=0.003),
            num_steps=2000,
            batch_size=2,
            label_noise=1.5,
            init_scale=0.5,
            seeds=[4],
            record=state.path.steps,
        )
        np.testing.assert_array_equal(state.path.test_loss[:, run], path.test_loss[:, 0])
    assert 700 in state.path.steps


def test_the_start_view_makes_its_point():
    state = explorers.late_decay(Problem.sparse(num_samples=20, num_features=40, sparsity=3, seed=0)).state()
    mine, early, _ = state.path.test_loss[-1]
    assert mine < early / 5
    assert state.path.train_loss[-1, :2].max() < 0.05
    assert not state.reason


def test_the_end_is_where_theory_expects_it(problem, explorer):
    ends, expected = [], []
    for seed in range(12):
        state = explorer.state(decay_step=800, rate=0.03, decayed=0.004, seed=seed)
        ends.append(state.path.test_loss[-1, 0])
        expected.append(state.expected[np.searchsorted(state.path.steps, 800)])
    error = np.std(ends) / np.sqrt(len(ends))
    # First order in the rate before the decay, leading order in the rate after it: a tenth beside the noise of 12 runs.
    assert abs(np.mean(ends) - expected[0]) < 0.1 * expected[0] + 3 * error
    assert len(set(expected)) == 1


def test_theory_is_silent_where_it_has_nothing_to_say(explorer):
    reasons = {
        "without label noise": {"noise": 0.0},
        "fewer than 1/η′ steps": {"decay_step": 1900},
        "deeper than theory": {"noise": 4.0, "rate": 0.09, "decay_step": 1000},
        "too large at this rate": {"rate": 0.12, "noise": 0.5},
    }
    for words, values in reasons.items():
        state = explorer.state(**values)
        k = np.searchsorted(state.path.steps, state.decay_step)
        assert words in state.reason
        assert np.isnan(state.expected[k])
        assert f"No prediction: {state.reason}." in explorer.read(state)


def test_a_diverging_run_is_told_with_its_step(explorer):
    state = explorer.state(rate=0.5)
    assert explorer.read(state) == (
        f"This run diverged at step {state.path.diverged_step[0]:.0f}: its training loss is no longer finite. "
        "Lower a rate."
    )


@pytest.fixture(scope="module")
def wide(problem):
    """Return the playground with sliders for batch size and initial scale."""
    return explorers.late_decay(
        problem, num_steps=2000, batch_size=2, early=100, batch_sizes=(1, 2, 4, 8), init_scales=(0.25, 0.5, 1.0)
    )


def twins(node, explorer, values):
    """Compare what the page's script computes, after another move, with the library."""
    state = explorer.state(**values)
    found = node(
        "const { computer, read } = await lib('late_decay'), compute = computer(given.data);"
        "compute({ ...given.values, seed: 5, rate: 0.03 });"  # what an earlier move left behind must not show
        "for (const B of 'batch_size' in given.values ? [4, 1, 8].filter((b) => b !== given.values.batch_size) : [])"
        "compute({ ...given.values, batch_size: B });"
        "const s = compute(given.values);"
        "return { words: read(s), test: s.mine.test, early: s.early.norm, never: s.never.train, steps: s.mine.steps,"
        "expected: s.expected, trusted: s.trusted };",
        data=explorer.data,
        values=state.values,
    )
    assert found["words"] == explorer.read(state)
    assert found["steps"] == state.path.steps.tolist()
    even = np.isin(state.path.steps, np.rint(np.linspace(0, 2000, 501)))  # the other runs have no reading at T
    scale = state.path.test_loss[0, 0]
    for name, expected in (
        ("test", state.path.test_loss[:, 0]),
        ("early", state.path.norm_squared[even, 1]),
        ("never", state.path.train_loss[even, 2]),
    ):
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-12 * max(scale, expected.max()))
    expected = [np.nan if v is None else v for v in found["expected"]]
    np.testing.assert_allclose(expected, state.expected, rtol=1e-6)  # eight digits are embedded
    assert found["trusted"] == state.trusted.tolist()


@pytest.mark.parametrize("values", SETTINGS)
def test_the_page_says_and_draws_the_same(node, explorer, values):
    twins(node, explorer, values)


@pytest.mark.parametrize(
    "values",
    [{}, {"batch_size": 1, "rate": 0.03}, {"batch_size": 8, "scale": 2, "noise": 3.0}, {"scale": 0, "seed": 5}],
)
def test_so_it_does_with_batch_size_and_scale(node, wide, values):
    twins(node, wide, values)


def test_batch_size_and_scale_are_those_of_the_run(problem, wide):
    state = wide.state(batch_size=4, scale=2, decay_step=900, rate=0.03)
    path = model.sgd(
        problem,
        schedule=schedules.step_decay(learning_rate=0.03, decay_step=900, decayed=0.002),
        num_steps=2000,
        batch_size=4,
        label_noise=2.0,
        init_scale=1.0,
        seeds=[0],
        record=state.path.steps,
    )
    np.testing.assert_array_equal(state.path.test_loss[:, 0], path.test_loss[:, 0])


@pytest.mark.parametrize(("B", "scale"), [(1, 1), (4, 0), (8, 2)])
def test_expected_end_is_the_slow_flow_of_that_batch_and_scale(problem, wide, B, scale):
    state = wide.state(batch_size=B, scale=scale, decay_step=600, rate=0.03, noise=1.0)
    k = np.searchsorted(state.path.steps, 600)
    setting = {"init_scale": (0.25, 0.5, 1.0)[scale], "label_noise": 1.0, "batch_size": B}
    times = np.array([0.03**2 * 600 + 0.002**2 * 1400])
    log_scale = theory.slow_log_scale(problem.X, problem.y, slow_times=times, learning_rate=0.03, **setting)
    beta = theory.slow_flow(problem.X, problem.y, slow_times=times, learning_rate=0.03, **setting)
    D = np.hypot(beta, np.exp(log_scale))
    hot = theory.fluctuation_test_loss(problem.X, D, learning_rate=0.002, label_noise=1.0, batch_size=B)
    expected = problem.test_loss(beta) + hot
    np.testing.assert_allclose(state.expected[k], expected[0], rtol=0.015)  # what the table promises
    np.testing.assert_allclose(state.expected_norm, 2 * D.sum(), rtol=0.015)


def test_more_sliders_are_there_only_if_asked_for(explorer, wide):
    assert [c.key for c in wide.controls] == [*(c.key for c in explorer.controls), "batch_size", "scale"]
    assert (wide.state().values["batch_size"], wide.state().values["scale"]) == (2, 1)


def test_the_figure_shows_what_was_computed(explorer):
    state = explorer.state(decay_step=500)
    axes = explorer.draw(state).axes
    np.testing.assert_array_equal(axes[0].lines[2].get_ydata(), state.path.train_loss[:, 0])
    np.testing.assert_array_equal(axes[1].lines[1].get_ydata(), state.path.test_loss[:, 1])
    np.testing.assert_array_equal(axes[2].lines[0].get_ydata(), state.path.norm_squared[:, 2])
    np.testing.assert_array_equal(axes[3].lines[3].get_xydata(), [[500, state.path.test_loss[-1, 0]]])


def test_refusals(problem):
    with pytest.raises(ValueError, match="`problem` must have weights p and m and a truth"):
        explorers.late_decay(Problem.three_dimensional())
    with pytest.raises(ValueError, match="`problem` must have weights p and m and a truth"):
        explorers.late_decay(Problem(problem.X, problem.y))
    with pytest.raises(ValueError, match="`early` must be a whole number in"):
        explorers.late_decay(problem, early=9000)
    with pytest.raises(ValueError, match="`num_steps` must be"):
        explorers.late_decay(problem, num_steps=10)
    with pytest.raises(ValueError, match="`batch_size` must be"):
        explorers.late_decay(problem, batch_size=9)
    with pytest.raises(ValueError, match="`batch_sizes` must be"):
        explorers.late_decay(problem, batch_sizes=(4, 9))
