from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core import schedules, solvers, theory
from lrdecay_core.experiments.model import variants
from lrdecay_core.model import sgd

SMALL = replace(variants.study("quick"), problems=(50, 51), depths=(0.0, 1.0, 4.0), learning_rate=0.05)


@pytest.fixture(scope="module")
def runs():
    return variants.run(SMALL, workers=1)


def test_profiles_differ_in_problems_runs_and_readings_alone():
    book, quick = variants.study("book"), variants.study("quick")
    assert replace(quick, problems=book.problems, replicas=book.replicas, depths=book.depths) == book
    assert quick.depths[-1] == book.depths[-1]


@pytest.mark.parametrize("name", variants.VARIANTS)
def test_a_variant_is_what_its_name_says(name):
    problem, spread = variants.build(SMALL, name, 3)
    truth, errors = problem.beta_true, problem.y - problem.X @ problem.beta_true
    size = np.sort(np.abs(truth))[::-1]
    np.testing.assert_allclose((truth**2).sum(), 3)
    np.testing.assert_allclose(np.sqrt(problem.column_weights), spread, rtol=1e-12)
    assert problem.normalised is (name != variants.STRETCHED)
    wanted = {"label errors 0.3": 0.3, "label errors 2": 2.0}.get(name, 0.0)
    assert np.abs(errors).max() < 1e-12 if not wanted else 0.5 < errors.std() / wanted < 1.5
    if name == "dense truth":
        np.testing.assert_allclose(size, size[0])
    elif name in ("power law", variants.STRETCHED):
        np.testing.assert_allclose(size / size[0], 1 / np.arange(1, 41))
    else:
        assert (size > 0).sum() == 3


def test_landings_are_those_of_one_run_scored_by_prediction_error(runs):
    v, p, k, r = variants.VARIANTS.index(variants.STRETCHED), 1, 1, 1
    problem, spread = variants.build(SMALL, variants.STRETCHED, 51)
    for rate, held in ((0.05, runs.norm_ratio), (0.005, runs.control_ratio)):
        path = sgd(
            problem, schedule=schedules.constant(rate), num_steps=SMALL.steps[k], batch_size=4, label_noise=2.0,
            init_scale=0.5, seeds=[r],
        )  # fmt: skip
        beta = theory.late_decay_limit(problem.X, problem.y, path.log_scale, path.centre)[-1, 0]
        trace = 2 * problem.column_weights @ np.hypot(beta, np.exp(path.log_scale[-1, 0]))
        least = solvers.basis_pursuit(problem.X / spread**2, problem.y).value  # of rescaled columns
        np.testing.assert_allclose(held[v, p, k, r], trace / (2 * least), rtol=1e-8)
    path = sgd(
        problem, schedule=schedules.constant(0.05), num_steps=SMALL.steps[-1], batch_size=4, label_noise=2.0,
        init_scale=0.5, seeds=[r],
    )  # fmt: skip
    beta = theory.late_decay_limit(problem.X, problem.y, path.log_scale, path.centre)[-1, 0]
    fresh = np.random.default_rng(0).standard_normal((200_000, 40)) * spread
    error = (fresh @ (beta - problem.beta_true)) ** 2 / 2
    # the mean of 200,000 squares of Gaussians: a standard error of sqrt(2 / 200,000) = 0.3 percent
    np.testing.assert_allclose(runs.test_loss[v, p, -1, r], error.mean(), rtol=0.015)
    goal = solvers.basis_pursuit(problem.X, problem.y).solution
    np.testing.assert_allclose(runs.to_plain[v, p, r], np.linalg.norm(beta - goal) / np.linalg.norm(goal), rtol=1e-8)


def test_prediction_and_limit_belong_to_the_variant(runs):
    problem, _ = variants.build(SMALL, "label errors 2", 50)
    v = variants.VARIANTS.index("label errors 2")
    found = solvers.basis_pursuit(problem.X, problem.y).solution
    np.testing.assert_allclose(runs.limit_loss[v, 0], problem.test_loss(found))
    beta = theory.slow_flow(
        problem.X, problem.y, init_scale=0.5, slow_times=0.05**2 * np.array(SMALL.steps), label_noise=2.0,
        batch_size=4, learning_rate=0.05,
    )  # fmt: skip
    np.testing.assert_allclose(runs.predicted[v, 0], problem.test_loss(beta))


def test_description_names_the_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "quick")
    text = variants.describe(SMALL)
    assert "2 problems of $n = 20$, $d = 40$ each, 2 runs" in text
    assert "decays up to step 1,600. This page was computed in the `quick` profile" in text


def test_refuses_an_unknown_variant():
    with pytest.raises(ValueError, match="`name` must be one of"):
        variants.build(SMALL, "heavy tails", 0)


def test_unequal_columns_end_at_the_weighted_problem():
    found = variants.weighted(problem_seeds=(0, 1, 2), decay_step=1000)
    assert np.median(found.to_weighted) < 0.05 < np.median(found.to_plain)
    assert np.corrcoef(found.column_weights, found.taken)[0, 1] > 0.98
