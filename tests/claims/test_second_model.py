"""M8 is judged on made-up runs: the verdict must follow the numbers, in both directions."""

from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.claims import second_model
from lrdecay_core.experiments.model.second_model import ARMS, FULL_RANK, SILENT, TENTH, MatrixRuns, MatrixStudy

STUDY = MatrixStudy(problems=tuple(range(6)), replicas=2, depths=(0.0, 1.0, 2.0, 8.0))
FALLS, STAYS = (3.0, 1.7, 1.2, 1.02), (3.0, 2.99, 2.98, 2.9)
GAINS, LEVEL, RISES = (0.3, 0.2, 0.1, 0.02), (0.3, 0.3, 0.3, 0.3), (0.3, 0.4, 0.5, 0.6)


@pytest.fixture(autouse=True)
def book_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


def made_up(ratio=FALLS, loss=GAINS, *, tenth=STAYS, silent=STAYS, full=RISES) -> MatrixRuns:
    """The same course for all problems but for a share of a percent; replicas lie evenly around it."""
    draw = np.random.default_rng(0)

    def spread(rows):
        values = np.array(rows)[:, None, :, None] * np.array([0.9, 1.1])
        return np.broadcast_to(values, (5, 6, 4, 2)) * (1 + 1e-3 * draw.standard_normal((5, 6, 1, 1)))

    shrunk = np.exp(-np.array(STUDY.depths))
    return MatrixRuns(
        study=STUDY,
        norm_ratio=spread([ratio, FALLS, tenth, silent, FALLS]),
        test_loss=spread([loss, GAINS, LEVEL, LEVEL, full]),
        train_loss=spread([LEVEL] * 5) * 1e-6,
        imbalance=spread([shrunk] * 5),
        spectrum=np.ones((5, 6, 4, 10)),
        least_test_loss=np.full((5, 6), 1e-15),
        least_gap=np.full((5, 6), 1e-9),
        seconds=1.0,
    )


@pytest.mark.parametrize(
    ("ratio", "loss", "verdict"),
    [
        (FALLS, GAINS, "reproduced"),
        ((3.0, 1.7, 1.2, 1.1), GAINS, "partly"),
        (FALLS, (0.3, 0.2, 0.1, 0.07), "partly"),
        (FALLS, RISES, "partly"),
        ((1.01, 1.02, 1.03, 1.04), GAINS, "not reproduced"),
        (STAYS[::-1], GAINS, "not reproduced"),
    ],
)
def test_verdict_follows_norm_and_loss(ratio, loss, verdict):
    evidence, control = second_model.second_model(made_up(ratio, loss))
    assert evidence.verdict == verdict
    assert control.failed


def test_margin_is_that_of_the_interval():
    evidence, _ = second_model.second_model(made_up())
    assert evidence.headline.estimate == pytest.approx(1.02, rel=2e-3)
    assert evidence.margin == pytest.approx(1.05 - evidence.headline.high)
    assert evidence.headline.n == 6


def test_excess_is_above_the_minimum_and_relative_to_the_earliest():
    runs = made_up(tenth=(3.0, 2.0, 2.0, 2.0))
    ratio = runs.of("norm_ratio", TENTH)
    np.testing.assert_allclose(second_model.excess_left(runs, TENTH), (ratio[:, -1] - 1) / (ratio[:, 0] - 1))


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({}, True),
        ({"tenth": FALLS}, False),
        ({"silent": (3.0, 2.5, 2.4, 2.3)}, False),
        ({"full": LEVEL}, False),
        ({"full": GAINS}, False),
    ],
)
def test_control_fails_only_where_nothing_helps(changes, failed):
    assert second_model.second_model(made_up(**changes))[1].failed is failed


def test_a_wide_interval_does_not_pass():
    runs = made_up()
    ratio = runs.norm_ratio.copy()
    ratio[0, 0, -1] = 1.2  # one problem of six: the mean is 1.05, the interval reaches beyond
    assert second_model.second_model(replace(runs, norm_ratio=ratio))[0].verdict == "partly"


def test_sentences_hold_the_numbers():
    runs = made_up()
    landing = second_model.describe_landing(runs)
    assert "with a decay at 0 the squared norm is **3.00** times" in landing
    assert "with one at 5,000, **1.02" in landing
    assert "certified to 1e-09" in landing
    imbalance = runs.imbalance.copy()
    imbalance[1] = 0.5
    clock = second_model.describe_clock(replace(runs, imbalance=imbalance))
    assert "**0.368** of its start, at half the rate to **0.500**; the law says 0.368" in clock
    assert "625 and 2,500 steps" in clock
    assert {TENTH, SILENT, FULL_RANK} < set(ARMS)
