import numpy as np
import pytest

from lrdecay_core import explorers, theory
from lrdecay_core.experiments.model.budget_planner import FAMILIES, family
from lrdecay_core.explorers.budget import HALF, pieces
from lrdecay_core.model import Problem

SETTINGS = [
    {},
    {"family": 1, "budget": 8000, "rate": 0.02},
    {"family": 2, "batch_size": 1, "noise": 1.0},
    {"family": 3, "budget": 1500, "rate": 0.09, "batch_size": 8, "noise": 3.0},
    {"budget": 20_000, "rate": 0.09},
]


@pytest.fixture(scope="module")
def explorer(problem):
    return explorers.budget(problem)


@pytest.mark.parametrize("values", SETTINGS[:4])
def test_ends_are_those_of_theory(problem, explorer, values):
    state = explorer.state(**values)
    v, some = state.values, [0, 10, HALF, 40, 49]
    schedule = family(
        FAMILIES[v["family"]], learning_rate=v["rate"], decayed=v["rate"] / 10, num_steps=v["budget"],
        decay_step=np.rint(state.decay_steps[some]).astype(int),
    )  # fmt: skip
    direct = theory.budget_test_loss(
        problem.X, problem.y, problem.beta_true, schedule=schedule, num_steps=v["budget"], init_scale=0.5,
        label_noise=v["noise"], batch_size=v["batch_size"],
    )  # fmt: skip
    # pieces of constant rate and a table: some percent, as its docstring says
    np.testing.assert_allclose(state.predicted[some], direct, rtol=0.04)


@pytest.mark.parametrize("name", FAMILIES)
def test_pieces_add_up_to_the_schedule(name):
    T, E = np.array([0.0, 30.0, 800.0]), 1000
    lengths, shares = pieces(name, T, E)
    np.testing.assert_allclose(lengths.sum(axis=1), E, rtol=1e-12)
    exact = family(name, learning_rate=1.0, decayed=0.1, decay_step=T.astype(int), num_steps=E)(np.arange(E))
    for power in (1, 2, 3):  # midpoints of pieces against sums over steps
        np.testing.assert_allclose((lengths * shares**power).sum(axis=1), (exact**power).sum(axis=0), rtol=0.01)


def test_plan_is_the_least_and_its_range_is_a_tenth_above(explorer):
    state = explorer.state()
    least = state.predicted[state.plan]
    assert least == state.predicted.min()
    low, high = state.ends
    near = (state.decay_steps >= low) & (state.decay_steps <= high)
    assert (state.predicted[near] <= 1.1 * least).all()
    assert (state.predicted[~near] > 1.1 * least).all()
    said = f"decay at step {state.decay_steps[state.plan]:,.0f}, or anywhere from {low:,.0f} to {high:,.0f}"
    assert said in explorer.read(state)


def test_it_says_when_not_to_believe_it(explorer):
    far = explorer.state(budget=20_000, rate=0.09)
    assert far.plan is None
    assert explorer.read(far).startswith("Family step, 20,000 steps: no plan.")
    assert "A rough guess" in explorer.read(explorer.state(batch_size=1, rate=0.08, noise=0.8))
    assert "A rough guess" not in explorer.read(explorer.state(rate=0.01))


@pytest.mark.parametrize("values", SETTINGS)
def test_the_page_says_and_draws_the_same(node, explorer, values):
    state = explorer.state(**values)
    found = node(
        "const { computer, read, shape } = await lib('budget'); const s = computer(given.data)(given.values);"
        "return { words: read(s), ...s, line: shape(s.parts[s.half], given.values.rate) };",
        data=explorer.data,
        values=state.values,
    )
    assert found["words"] == explorer.read(state)
    assert found["trusted"] == state.trusted.tolist()
    predicted = [np.nan if v is None else v for v in found["predicted"]]
    np.testing.assert_allclose(predicted, state.predicted, rtol=1e-4)  # logarithms are embedded to six digits
    np.testing.assert_allclose([found["line"]["x"], found["line"]["y"]], state.shape(HALF), rtol=0, atol=1e-9)


def test_the_figure_shows_what_was_computed(explorer):
    state = explorer.state(family=2)
    left, right = explorer.draw(state).axes
    np.testing.assert_array_equal(left.lines[0].get_xydata().T, [state.decay_steps, state.predicted])
    np.testing.assert_array_equal(left.lines[2].get_xdata(), [state.decay_steps[state.plan]])
    np.testing.assert_array_equal(right.lines[1].get_xydata().T, state.shape(state.plan))
    assert len(explorer.draw(explorer.state(budget=20_000, rate=0.09)).axes[0].lines) == 2


@pytest.mark.parametrize("name", range(len(FAMILIES)))
def test_the_drawn_schedule_is_the_schedule(explorer, name):
    state = explorer.state(family=name, budget=1000)
    T = int(state.decay_steps[30])
    exact = family(FAMILIES[name], learning_rate=0.04, decayed=0.004, decay_step=T, num_steps=1000)
    x, y = state.shape(30)
    k = np.arange(5, 1000, 10) + 0.5  # away from the jumps of a step at 600
    drawn = y[2 * np.searchsorted(x[1::2], k)]
    np.testing.assert_allclose(drawn, exact(k.astype(int)), atol=0.003)  # half a piece of the warm-up is 0.002


def test_start_view_makes_its_point(explorer):
    state = explorer.state()
    assert state.predicted[HALF] > 2 * state.predicted[state.plan]
    assert 0.6 < state.decay_steps[state.plan] / state.values["budget"] < 0.98  # and the very end is worse again


def test_refusals(problem):
    with pytest.raises(ValueError, match="`problem` must have a truth and three samples or more, got 2 samples"):
        explorers.budget(Problem.three_dimensional())
    with pytest.raises(ValueError, match="`problem` must have a truth"):
        explorers.budget(Problem(problem.X, problem.y))
