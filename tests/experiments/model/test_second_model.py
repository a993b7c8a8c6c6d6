from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core import schedules, solvers
from lrdecay_core.experiments.model import second_model as second
from lrdecay_core.experiments.model.second_model import ARMS, FULL_RANK, HALF, MAIN, SILENT, TENTH
from lrdecay_core.model import matrix, matrix_sgd

SMALL = replace(
    second.study("quick"), problems=(3, 4), replicas=2, size=5, rank=1, num_samples=16, depths=(0.0, 0.3, 1.0)
)


@pytest.fixture(scope="module")
def runs():
    return second.run(SMALL, workers=1)


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_controls_take_the_same_steps_and_half_the_rate_the_same_slow_time(profile):
    study = second.study(profile)
    assert all(study.steps(arm) == study.steps(MAIN) for arm in (TENTH, SILENT, FULL_RANK))
    assert study.rate(TENTH) == pytest.approx(study.rate(MAIN) / 10)
    times = [study.rate(arm) ** 2 * np.array(study.steps(arm)) for arm in (MAIN, HALF)]
    np.testing.assert_allclose(*times, rtol=4e-3)  # whole steps: half a step of 156
    np.testing.assert_allclose(times[0] * study.label_noise**2 / study.batch_size, study.depths, rtol=4e-3)
    assert 1.0 in study.depths  # where the clock is read


def test_book_has_the_problems_of_the_claim():
    study = second.study("book")
    assert study.problems == tuple(range(10))
    assert (study.rank, study.size) == (2, 10)
    quick = second.study("quick")
    assert replace(quick, problems=study.problems, replicas=study.replicas, depths=study.depths) == study


def test_full_rank_has_the_same_norm_and_design():
    low, full = (second.problem(SMALL, 3, full_rank=f) for f in (False, True))
    assert np.linalg.norm(low.truth) == pytest.approx(np.linalg.norm(full.truth), rel=1e-12)
    assert np.linalg.matrix_rank(low.truth) == 1
    assert np.linalg.matrix_rank(full.truth) == 5
    np.testing.assert_array_equal(low.A, full.A)


def test_measurements_stand_where_their_names_say(runs):
    assert runs.norm_ratio.shape == (5, 2, 3, 2)
    assert runs.of("norm_ratio", MAIN).shape == (2, 3)
    assert runs.spectrum.shape == (5, 2, 3, 5)
    np.testing.assert_allclose(runs.imbalance[:, :, 0], 1.0, rtol=1e-12)
    problem = second.problem(SMALL, 4, full_rank=True)
    least = solvers.nuclear_norm(problem.A, problem.y)
    at = ARMS.index(FULL_RANK), 1
    assert runs.least_test_loss[at] == pytest.approx(float(problem.test_loss(least.solution)), rel=1e-9)
    # before the first step all replicas are one
    np.testing.assert_allclose(runs.norm_ratio[at][0, 0], runs.norm_ratio[at][0, 1], rtol=1e-12)
    np.testing.assert_allclose(runs.norm_ratio[0, :, 0], runs.norm_ratio[ARMS.index(TENTH), :, 0], rtol=1e-12)


@pytest.mark.parametrize("arm", ARMS)
def test_every_arm_is_its_own_run(runs, arm):
    path = matrix_sgd(
        second.problem(SMALL, 4, full_rank=arm == FULL_RANK),
        schedule=schedules.constant(SMALL.rate(arm)),
        num_steps=SMALL.steps(arm)[-1],
        batch_size=SMALL.batch_size,
        seeds=[0, 1],
        label_noise=0.0 if arm == SILENT else SMALL.label_noise,
        init_scale=SMALL.init_scale,
    )
    apart = np.linalg.norm(matrix.imbalance(path.U[0], path.V[0]), axis=(1, 2)) / np.sqrt(SMALL.size)
    np.testing.assert_allclose(runs.imbalance[ARMS.index(arm), 1, -1], apart, rtol=1e-9)


def test_arms_differ_as_they_should(runs):
    last = {arm: runs.of("imbalance", arm)[:, -1] for arm in ARMS}
    assert (last[MAIN] < 0.5).all()
    assert (last[HALF] < 0.5).all()
    assert (last[TENTH] > 0.95).all()
    assert (last[SILENT] > 0.95).all()
    assert not np.allclose(last[MAIN], last[FULL_RANK])
    assert (runs.norm_ratio > 0.99).all()  # settled: what training loss is left may lower the norm a little


def test_workers_change_nothing(runs):
    again = second.run(replace(SMALL, problems=(4,)), workers=2)
    # rounding of products depends on the number of threads
    np.testing.assert_allclose(again.test_loss[:, 0], runs.test_loss[:, 1], rtol=1e-8)


def test_description_names_settings(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")
    said = second.describe(second.study())
    assert "10 problems: 10 × 10 matrices of rank 2" in said
    assert "70$ of 100 numbers" in said
    assert "`book`" in said
