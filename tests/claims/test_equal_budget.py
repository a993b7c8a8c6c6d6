"""M6 is judged on made-up runs: the verdict must follow the numbers, in both directions."""

from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core import theory
from lrdecay_core.claims import equal_budget
from lrdecay_core.experiments.model.equal_budget import DENSE, MAIN, NO_NOISE_AFTER, TENTH, Budget, BudgetRuns
from lrdecay_core.experiments.model.setting import sparse_problem

BUDGET = Budget(problems=tuple(range(20)), replicas=2, decay_steps=(0, 500, 2000, 5000, 7500, 8000), record_every=8000)


@pytest.fixture(autouse=True)
def book_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


def made_up(finals, *, broken=0, spread=0.02) -> BudgetRuns:
    """Final loss per decay step, all problems nearly alike; in the first ``broken`` ones the decay at 2000 is worst."""
    final = np.tile(np.asarray(finals, dtype=float), (20, 1))
    final *= np.exp(spread * np.random.default_rng(1).normal(size=(20, 1)))
    final[:broken, 2] = 10.0
    loss = np.stack([np.full_like(final, 3.0), final], axis=2)[..., None] * np.array([2.0, 0.5])
    return BudgetRuns(budget=BUDGET, test_loss=loss, train_loss=loss, seconds=1.0)


FALLS = (0.6, 0.4, 0.1, 0.01, 0.012, 0.06)
LEVEL = (0.6,) * 6
RISES = (0.8, 0.85, 0.9, 1.0, 1.1, 1.2)


def judge(main=FALLS, *, broken=0, tenth=LEVEL, dense=RISES):
    runs = {
        MAIN: made_up(main, broken=broken),
        NO_NOISE_AFTER: made_up(FALLS),
        TENTH: made_up(tenth) if tenth is not LEVEL else jittered(LEVEL),
        DENSE: made_up(dense) if dense is not RISES else jittered(RISES),
    }
    return equal_budget.equal_budget(runs)


def jittered(finals):
    runs = made_up(finals)
    noise = np.exp(0.01 * np.random.default_rng(2).normal(size=runs.test_loss.shape))
    return replace(runs, test_loss=runs.test_loss * noise)


def test_final_is_the_geometric_mean_over_replicas_at_the_last_step():
    np.testing.assert_allclose(made_up(FALLS, spread=0.0).final, np.tile(FALLS, (20, 1)))


@pytest.mark.parametrize(("broken", "verdict"), [(0, "reproduced"), (2, "reproduced"), (3, "partly"), (20, "partly")])
def test_verdict_counts_problems(broken, verdict):
    evidence, control = judge(broken=broken)
    assert evidence.verdict == verdict
    assert evidence.headline.estimate == pytest.approx(1 - broken / 20)
    assert control.failed


def test_no_gain_is_not_reproduced():
    evidence, _ = judge(main=RISES)
    assert evidence.verdict == "not reproduced"
    assert evidence.rows[0].finding == "0 of 20, too few"


def test_what_happens_after_five_eighths_is_shown_and_does_not_count():
    evidence, _ = judge(main=(0.6, 0.4, 0.1, 0.01, 0.5, 0.001))
    assert evidence.verdict == "reproduced"
    findings = {row.name: row.finding for row in evidence.rows}
    assert findings["log10 test loss, decay at 7500 minus at 5000"] == "higher"
    assert findings["log10 test loss, never decaying minus at 5000"] == "lower"


@pytest.mark.parametrize(
    ("changes", "failed"),
    [({}, True), ({"tenth": (0.6, 0.6, 0.5, 0.4, 0.4, 0.6)}, False), ({"dense": LEVEL[::-1]}, False)],
)
def test_controls_must_be_level_and_rise(changes, failed):
    changes = {k: tuple(np.array(v) * 1.0) for k, v in changes.items()}
    assert judge(**changes)[1].failed is failed


def test_share_interval_is_exact():
    found = equal_budget.share_interval(np.array([True] * 18 + [False] * 2))
    # Clopper and Pearson for 18 of 20, from tables
    assert (found.estimate, round(found.low, 4), round(found.high, 4), found.n) == (0.9, 0.6830, 0.9877, 20)


def test_ratio_is_paired_and_in_decades():
    found = equal_budget.log_ratio(made_up(FALLS, spread=1.0), 500, 5000)
    assert found.estimate == pytest.approx(np.log10(40))
    assert found.high - found.low < 1e-9  # the common factor of a problem drops out


def test_the_sentence_holds_the_numbers():
    said = equal_budget.describe_budget(made_up(FALLS, spread=0.0))
    assert "**0.400** with a decay at 500, **0.0100** at 5000, **0.060** without decay" in said
    assert "The best of all decays shown is at 5000." in said


def test_the_hardest_problem_is_named_with_its_exponent():
    runs = made_up(FALLS, spread=0.0)
    loss = runs.test_loss.copy()
    loss[2, 3] *= 20  # the problem of seed 2 gains a factor 2, the others 40
    kappas = [theory.kappa_star(p.X, p.beta_true).kappa for p in map(sparse_problem, BUDGET.problems)]
    said = equal_budget.describe_hardest(replace(runs, test_loss=loss))
    assert f"a factor of 2.0 from 500 to 5000, has $\\kappa_\\star = {kappas[2]:.2f}$" in said
    assert "the median gain is 40," in said
    assert f"the maximum {max(kappas):.2f}." in said
