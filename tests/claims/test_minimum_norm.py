"""M2 and M5 on made-up numbers: the verdict follows them, in both directions."""

from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.claims import minimum_norm
from lrdecay_core.experiments.model import recovery
from lrdecay_core.experiments.model.minimum_norm import ARMS, MAIN, QUIET, SLOW_RATE, SMALL_QUIET, Norms
from lrdecay_core.experiments.model.recovery import ESTIMATORS, Results


@pytest.fixture(autouse=True)
def book_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


def norms(main=(7.0, 3.0, 1.5, 1.001), slow=0.9, quiet=1e-6, off=0.001, share=0.5) -> Norms:
    shape = (3, 4, 2)
    spread = 1e-5 * np.arange(3)[:, None, None]

    def arm(values):
        return np.broadcast_to(np.array(values)[None, :, None], shape) + spread

    still = arm((7.0, 7.0, 6.9, 6.9 * (1 + quiet)))
    return Norms(
        decay_steps=np.array([0, 100, 1000, 8000]),
        ratio={MAIN: arm(main), SLOW_RATE: arm((7.0, 7.0, 7.0, 7.0 * slow)), QUIET: still, SMALL_QUIET: still},
        test_loss=arm(main), log_scale=-arm(main), bound=np.full(3, 0.2),
        taken={a: np.full(shape, 0.2 * share) for a in ARMS},
        kappa=np.array([0.3, 0.4, 0.5]), slope=np.array([0.7, 0.6, 0.5]) + np.array([0, -off, off / 2]), seconds=1.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, "reproduced"),
        ({"main": (7.0, 3.0, 1.5, 1.02)}, "partly"),
        ({"main": (7.0, 3.0, 3.1, 1.001)}, "partly"),
        ({"off": 0.05}, "partly"),
        ({"off": 0.05, "main": (7.0, 3.0, 1.5, 1.02)}, "not reproduced"),
    ],
)
def test_norm_verdict(changed, verdict):
    evidence, control = minimum_norm.towards_minimum(norms(**changed))
    assert evidence.verdict == verdict
    assert evidence.headline.n == 3
    assert evidence.headline.estimate == pytest.approx(changed.get("main", (1.001,))[-1], abs=1e-4)
    assert control.failed


@pytest.mark.parametrize("changed", [{"slow": 0.7}, {"quiet": 0.01}, {"share": 1.1}])
def test_each_part_of_the_norm_control_can_spoil_it(changed):
    _, control = minimum_norm.towards_minimum(norms(**changed))
    assert not control.failed


PLAN = replace(
    recovery.plan("book"), sizes=((40, 3),), size_samples=((12, 20, 24),), num_designs=100, samples=(10, 18),
    label_errors=(0.1, 0.3), problem_seeds=tuple(range(9)), error_seeds=tuple(range(9)),
)  # fmt: skip
WIGGLE = np.linspace(0.9, 1.1, 9)[:, None]


def results(hits=(60, 97, 99), lasso=1.2, l2=10.0, dense=2.0) -> Results:
    def risks(late, norm, tuned, squared):
        return WIGGLE * np.array([1.0, late, norm, tuned, squared, 0.01])

    noisy = risks(0.12, 0.1, 0.1 / lasso, 0.1 * l2)
    return Results(
        plan=PLAN, success=(np.array(hits),), sparse=np.array([risks(0.1, 0.01, 0.1, 1.0)] * 2),
        dense=np.array([risks(dense, dense, 1.0, 1.0)] * 2), noisy=np.array([noisy] * 2),
        noisy_path=np.zeros((2, 9, 3)), seconds=1.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, "reproduced"),
        ({"hits": (60, 97, 89)}, "partly"),
        ({"lasso": 2.0}, "partly"),
        ({"lasso": 2.0, "l2": 2.0}, "not reproduced"),
    ],
)
def test_near_optimal_verdict(changed, verdict):
    evidence, control = minimum_norm.near_optimal(results(**changed))
    assert evidence.verdict == verdict
    assert evidence.headline.estimate == pytest.approx(changed.get("lasso", 1.2))
    assert (evidence.margin > 0) == ("lasso" not in changed)
    assert control.failed


def test_points_below_the_bound_do_not_count():
    evidence, _ = minimum_norm.near_optimal(results(hits=(0, 97, 99)))
    assert evidence.rows[0].interval.estimate == 0.97
    assert evidence.verdict == "reproduced"


def test_the_dense_truth_must_reverse_the_ranking():
    _, control = minimum_norm.near_optimal(results(dense=0.9))
    assert not control.failed


def test_numbers_behind_the_verdicts():
    assert minimum_norm.width_bound(40, 3) == 20  # 6 log(40/3) + 3.48 = 19.02
    found = minimum_norm.proportion(9, 10)
    assert (found.estimate, found.n) == (0.9, 10)
    assert found.low == pytest.approx(0.555, abs=1e-3)  # Clopper and Pearson's tables
    first = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    same = minimum_norm.ratio_of_medians(2 * first, first)
    assert (same.estimate, same.low, same.high) == (2.0, 2.0, 2.0)  # paired: problems drawn together
    shuffled = minimum_norm.ratio_of_medians(first, first[::-1])
    assert shuffled.low < 1 < shuffled.high


def test_tables_hold_the_numbers():
    table = minimum_norm.describe_results(results())
    assert table.count("\n| 0.") == 2
    assert all(name in table for name in ESTIMATORS)
    assert "| 40 | 3 | 10.8 | 20 |" in minimum_norm.describe_bounds(results())
