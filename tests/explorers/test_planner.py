from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core import explorers, theory
from lrdecay_core.explorers.planner import _crossing
from lrdecay_core.model import Problem

SETTINGS = [
    {},
    {"rate": 0.0431, "batch_size": 1, "noise": 1.5, "target": 0.1},
    {"rate": 0.09, "batch_size": 8, "noise": 4.0, "target": 0.005},
    {"target": 0.5},
]


@pytest.fixture(scope="module")
def explorer(problem):
    return explorers.planner(problem)


def direct(problem, state, first_order):
    v = state.values
    return theory.decay_time(
        problem.X,
        problem.y,
        problem.beta_true,
        target_test_loss=v["target"],
        init_scale=0.5,
        label_noise=v["noise"],
        batch_size=v["batch_size"],
        learning_rate=v["rate"],
        first_order=first_order,
    )


@pytest.mark.parametrize("values", SETTINGS[:3])
def test_times_are_those_of_theory(problem, explorer, values):
    state = explorer.state(**values)
    # Read off a table: within the two percent that its docstring promises.
    assert state.first_order == pytest.approx(direct(problem, state, True), rel=0.02)
    assert state.leading == pytest.approx(direct(problem, state, False), rel=0.02)


def test_half_the_rate_waits_four_times_as_long_to_leading_order(explorer):
    assert explorer.state(rate=0.02).leading == pytest.approx(4 * explorer.state(rate=0.04).leading)


def test_a_target_above_the_start_needs_no_wait_and_one_below_the_table_is_out_of_reach(explorer):
    state = explorer.state()
    at_once = replace(state, first_order=0.0)
    assert explorer.read(at_once) == "No need to wait: a decay at once leads to a test loss below 0.03."
    far = replace(state, first_order=float("nan"))
    assert explorer.read(far) == "No decay within the tabulated times leads to a test loss of 0.03."
    depths, loss = np.array([0.0, 1.0, 2.0]), np.array([1.0, 0.1, 0.01])
    found = [_crossing(depths, loss, target) for target in (2.0, 1.0, 10**-0.5, 0.1, 0.001)]
    np.testing.assert_allclose(found, [0, 0, 0.5, 1, np.nan])


def test_it_says_when_not_to_believe_it(explorer):
    assert "inside the range" in explorer.read(explorer.state(rate=0.01))
    wild = explorer.state(rate=0.09, batch_size=1)
    assert wild.correction > 0.1
    assert "outside the range" in explorer.read(wild)


@pytest.mark.parametrize("values", SETTINGS)
def test_the_page_says_and_draws_the_same(node, explorer, values):
    state = explorer.state(**values)
    found = node(
        "const { computer, read } = await lib('planner'); const s = computer(given.data)(given.values);"
        "return { words: read(s), ...s };",
        data=explorer.data,
        values=state.values,
    )
    assert found["words"] == explorer.read(state)
    np.testing.assert_allclose(found["curves"], state.curves, rtol=1e-6)  # eight digits are embedded
    np.testing.assert_allclose(found["steps"], state.steps, rtol=1e-6)


def test_the_figure_shows_what_was_computed(explorer):
    state = explorer.state(target=0.05)
    left, right = explorer.draw(state).axes
    np.testing.assert_array_equal(left.lines[1].get_xydata().T, [state.steps, state.curves[1]])
    np.testing.assert_array_equal(right.lines[1].get_xydata(), [[state.values["rate"], state.first_order]])


def test_refusals(problem):
    with pytest.raises(ValueError, match="`problem` must have a truth and three samples or more, got 2 samples"):
        explorers.planner(Problem.three_dimensional())
    with pytest.raises(ValueError, match="`problem` must have a truth"):
        explorers.planner(Problem(problem.X, problem.y))
