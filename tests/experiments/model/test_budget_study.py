from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core import schedules, theory
from lrdecay_core.experiments.model import budget_study
from lrdecay_core.experiments.model.budget_planner import FAMILIES, SHARES
from lrdecay_core.experiments.model.setting import sparse_problem
from lrdecay_core.model import sgd

SMALL = replace(budget_study.study("quick"), problems=(50, 51), replicas=2, budgets=(100, 200))


@pytest.fixture(scope="module")
def trial():
    return budget_study.run(SMALL, workers=1)


def test_profiles_differ_in_problems_and_runs_alone():
    book, quick = budget_study.study("book"), budget_study.study("quick")
    assert replace(quick, problems=book.problems, replicas=book.replicas) == book
    assert book.told[0][1] == book.arm  # the first planner is told the truth
    assert all(arm != book.arm for _, arm in book.told[1:])


@pytest.mark.parametrize(("run", "held"), [(1, "measured"), (3, "rehearsed")])
def test_every_cell_is_the_run_it_says(trial, run, held):
    f, e, p, c = FAMILIES.index("warmup"), 1, 1, SHARES.index(0.7)
    schedule = schedules.warmup_stable_decay(
        learning_rate=0.04, warmup_steps=10, decay_step=140, num_steps=200, final=0.004
    )
    alone = sgd(
        sparse_problem(51), schedule=schedule, num_steps=200, batch_size=4, label_noise=2.0, init_scale=0.5, seeds=[run]
    )
    found = getattr(trial, held)[f, e, p, c, run % 2]
    np.testing.assert_allclose(found, alone.test_loss[-1, 0], rtol=1e-12)  # rounding of products by row


@pytest.mark.parametrize(("told", "noise"), [(0, 2.0), (1, 1.0)])
def test_every_prediction_is_theorys(trial, told, noise):
    fitted = sparse_problem(50)
    found = theory.budget_test_loss(
        fitted.X, fitted.y, fitted.beta_true,
        schedule=schedules.step_decay(learning_rate=0.04, decay_step=np.array([60, 196]), decayed=0.004),
        num_steps=200, init_scale=0.5, label_noise=noise, batch_size=4,
    )  # fmt: skip
    cells = trial.predicted[told, FAMILIES.index("step"), 1, 0, [SHARES.index(0.3), SHARES.index(0.98)]]
    np.testing.assert_allclose(cells, found, rtol=1e-3)  # other candidates, other flows to interpolate between


def test_warm_up_never_outlasts_the_decay():
    rates = budget_study._every(SMALL.arm, 200, 1)(np.arange(200)).reshape(200, len(FAMILIES), len(SHARES))
    at_once = {name: rates[:, f, SHARES.index(0.0)] for f, name in enumerate(FAMILIES)}
    np.testing.assert_array_equal(at_once["warmup"], at_once["linear"])


def test_description_names_the_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "quick")
    text = budget_study.describe(SMALL)
    assert "2 problems, budgets of 100 and 200 steps, 2 runs for each of 11 candidates" in text
    assert "computed in the `quick` profile" in text
