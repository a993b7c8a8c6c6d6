from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.experiments.model import schedule_shape
from lrdecay_core.experiments.model.schedule_shape import EQUAL, SHAPES, shaped
from lrdecay_core.experiments.model.setting import sparse_problem
from lrdecay_core.model import sgd
from lrdecay_core.theory import late_decay_limit

SMALL = replace(schedule_shape.study("quick"), problems=(3, 4), replicas=2, peak=0.05, depth=0.5, readings=4)


@pytest.fixture(scope="module")
def runs():
    return schedule_shape.run(SMALL, workers=1)


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_no_rate_is_above_the_peak_and_sums_are_equal(profile):
    study = schedule_shape.study(profile)
    steps = np.arange(study.num_steps)
    for equal, power in zip(EQUAL, (2, 1), strict=True):
        rates = np.stack([shaped(study, shape, equal)(steps) for shape in SHAPES])
        assert (rates >= 0).all()
        # the sum over steps of a line ending at 0 is half a step above the integral, a share of 1e-4 at most
        assert rates.max() <= study.peak * (1 + 1e-4)
        np.testing.assert_allclose((rates**power).sum(axis=1), (rates[0] ** power).sum(), rtol=1e-9)
    squares = (shaped(study, "cosine", "squares")(steps) ** 2).sum()
    assert study.label_noise**2 / study.batch_size * squares == pytest.approx(study.depth, rel=1e-9)


def test_book_has_the_problems_and_the_rate_of_the_claim():
    study = schedule_shape.study("book")
    assert study.problems == tuple(range(20))
    assert study.peak == 0.02
    quick = schedule_shape.study("quick")
    assert replace(quick, problems=study.problems, replicas=study.replicas) == study


def test_unknown_words_are_refused():
    with pytest.raises(ValueError, match="`shape` must be one of"):
        shaped(SMALL, "square", "squares")
    with pytest.raises(ValueError, match="`equal` must be one of"):
        shaped(SMALL, "linear", "cubes")


def test_results_stand_where_their_names_say(runs):
    assert runs.test_loss.shape == (2, 5, 2, 4, 2)
    assert runs.predicted.shape == (2, 5, 2, 4, 2)
    assert runs.mean.shape == (2, 5, 2, 4)
    e, s, p = EQUAL.index("rates"), SHAPES.index("cosine"), 1
    path = sgd(
        sparse_problem(4),
        schedule=shaped(SMALL, "cosine", "rates"),
        num_steps=SMALL.num_steps,
        batch_size=4,
        label_noise=2.0,
        init_scale=0.5,
        seeds=range(2),
    )
    problem = sparse_problem(4)
    landed = problem.test_loss(late_decay_limit(problem.X, problem.y, path.log_scale, path.centre))
    np.testing.assert_allclose(runs.test_loss[e, s, p, -1], landed[0], rtol=1e-10)


def test_readings_are_even_in_the_sum_of_squares(runs):
    for e, equal in enumerate(EQUAL):
        for s, shape in enumerate(SHAPES):
            squares = np.cumsum(shaped(SMALL, shape, equal)(np.arange(SMALL.num_steps)) ** 2)
            assert runs.steps[e, s, -1] == SMALL.num_steps
            np.testing.assert_allclose(
                squares[runs.steps[e, s] - 1] / squares[-1], [0.25, 0.5, 0.75, 1], atol=0.01
            )  # a step has a share of 1 / num_steps, times 3 where the rate is highest


def test_predictions_are_near(runs):
    # at this large peak the second order is a few percent; leading order misses by more
    off = np.abs(runs.predicted[:, :, :, -1] / runs.mean[..., -1, None] - 1)
    assert off[..., 1].max() < 0.12
    assert (off[..., 1].mean(axis=2) < off[..., 0].mean(axis=2)).all()


def test_workers_change_nothing(runs):
    tiny = replace(SMALL, problems=(3,))
    # a worker has one thread, this process may have more: products are then summed in another order
    np.testing.assert_allclose(
        schedule_shape.run(tiny, workers=2).test_loss[:, :, 0], runs.test_loss[:, :, 0], rtol=1e-10
    )


def test_description_names_settings(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")
    said = schedule_shape.describe(schedule_shape.study())
    assert "22,500 steps" in said
    assert "20 problems, 8 runs" in said
    assert "`book`" in said
