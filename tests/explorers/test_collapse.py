from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core import explorers
from lrdecay_core.claims.decay_time import EXPONENTS, collapse_spread
from lrdecay_core.experiments.model.decay_time import Curves, Study
from lrdecay_core.experiments.model.setting import Arm


def made_up(power):
    """Two problems whose loss is a function of eta^power T alone, the second one steeper."""
    rates = tuple(Arm(learning_rate=rate) for rate in (0.04, 0.02, 0.01))
    depths = tuple(np.geomspace(0.1, 10, 30))
    study = Study(problems=(0, 1), replicas=2, rates=rates, others=(), silent=(), depths=depths, target=0.1)
    loss = np.empty((2, 3, 30, 2))
    for a, arm in enumerate(rates):
        clock = arm.learning_rate**power * arm.steps(np.array(depths)) / 0.02 ** (power - 2)
        for p in (0, 1):
            loss[p, a] = np.exp(-(1 + p) * clock / 3)[:, None]
    return Curves(study=study, test_loss=loss, predicted=np.full((2, 3, 2), np.nan), seconds=0.0)


@pytest.fixture(scope="module")
def explorer():
    return explorers.collapse(made_up(2.0))


@pytest.mark.parametrize("power", [1.5, 2.0])
def test_curves_fold_where_they_were_made_to(power):
    explorer = explorers.collapse(made_up(power))
    spreads = [explorer.state(exponent=p, problem=2).spread for p in (power - 0.3, power, power + 0.3)]
    assert spreads[1] < 0.05 * min(spreads[0], spreads[2])  # steps are whole, the curves fold up to that
    assert explorer.state().best == pytest.approx(power, abs=0.02)


def test_it_draws_the_problem_and_the_clock_asked_for(explorer):
    curves = made_up(2.0)
    state = explorer.state(exponent=1.2, problem=2)
    for k, arm in enumerate(curves.study.rates):
        steps = arm.steps(np.array(curves.study.depths))
        expected = (arm.learning_rate / 0.01) ** 1.2 * steps
        np.testing.assert_allclose(state.clock[k], expected, rtol=0.05)  # steps are whole: few of them at large rates
        np.testing.assert_array_equal(state.test_loss[k], curves.mean[1, k])
    assert state.spread == pytest.approx(
        collapse_spread(curves.mean[1], np.array(curves.study.depths), state.rates, 1.2)
    )
    assert state.profile[np.argmin(np.abs(EXPONENTS - 1.2))] == pytest.approx(state.spread)


@pytest.mark.parametrize("values", [{}, {"exponent": 1.0}, {"exponent": 2.73, "problem": 2}])
def test_the_page_says_and_draws_the_same(node, explorer, values):
    state = explorer.state(**values)
    found = node(
        "const { computer, read } = await lib('collapse'); const s = computer(given.data)(given.values);"
        "return { words: read(s), ...s };",
        data=explorer.data,
        values={"exponent": 2.0, "problem": 1, **values},
    )
    assert found["words"] == explorer.read(state)
    np.testing.assert_allclose(found["clock"], state.clock, rtol=1e-6)  # what is embedded has six digits or more
    np.testing.assert_allclose(found["loss"], state.test_loss, rtol=1e-5)
    assert found["spread"] == pytest.approx(state.spread, abs=1e-5)


def test_the_figure_shows_what_was_computed(explorer):
    state = explorer.state(exponent=1.5)
    left, right = explorer.draw(state).axes
    assert len({line.get_linestyle() for line in left.lines}) == len(state.rates)  # apart without colour
    np.testing.assert_array_equal(left.lines[2].get_xydata().T, [state.clock[2], state.test_loss[2]])
    np.testing.assert_array_equal(right.lines[1].get_xydata(), [[1.5, state.spread]])


def test_one_problem_has_no_choice_of_problem():
    curves = made_up(2.0)
    alone = replace(curves, study=replace(curves.study, problems=(0,)), test_loss=curves.test_loss[:1])
    assert [c.key for c in explorers.collapse(alone).controls] == ["exponent"]
