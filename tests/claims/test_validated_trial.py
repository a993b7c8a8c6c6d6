"""P2 is judged on made-up runs: the verdict must follow the test errors, in both directions."""

from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.claims import validated_trial as evidence
from lrdecay_core.experiments.networks.network_planner import HALF, Rule
from lrdecay_core.experiments.networks.validated_trial import Outcome, studies

RULE = Rule(feature="plateau", below=True, threshold=0.0, progress=1.0)


@pytest.fixture(autouse=True)
def book_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


def made_up(*, tell=True, seed=0, runs=40):
    """Half of the runs are best early, half late, the middle does for both; the trial says which, or lies."""
    early = np.arange(runs) % 2 == 0
    up, down = np.linspace(0, 1, 8) ** 2, np.linspace(1, 0, 8) ** 2
    error = 0.1 + 0.3 * np.where(early[:, None], up, down)
    error += 0.001 * np.random.default_rng(seed).normal(size=error.shape)
    seen = np.where((early == tell)[:, None], up, down)
    flat = np.ones((runs, 8))
    return Outcome(
        names=tuple(map(str, range(runs))),
        tasks=("a", "a", "b", "b") * (runs // 4),
        test_error=error,
        cosine=error[:, 4],
        all_samples=error[:, 0] - 0.5,
        trial=seen,
        trial_on_few=1 - seen,
        trial_as_given=0.3 + 0.6 * seen,
        tails=1 - seen,
        progress=flat,
        plateau=flat,
        seconds=1.0,
    )


def test_a_trial_that_tells_wins_and_one_that_lies_loses():
    won, control = evidence.trial(made_up(), RULE)
    assert won.verdict == "reproduced"
    assert won.headline.high < 0
    assert control.failed
    assert (control.headline.n, won.headline.n) == (40, 40)
    lost, _ = evidence.trial(made_up(tell=False), RULE)
    assert lost.verdict == "not reproduced"
    assert lost.headline.low > 0
    assert lost.margin == -lost.headline.high
    blind = np.random.default_rng(0).uniform(size=(40, 8))
    unclear = evidence.trial(replace(made_up(), trial=blind, test_error=blind[::-1]), RULE)[0]
    assert unclear.headline.low < 0 < unclear.headline.high
    assert unclear.verdict == "not reproduced"


def test_a_control_that_wins_with_the_errors_of_others_is_seen():
    """Where late is best in every run, the errors of another run say so, too: the control must not count as failed."""
    late = np.tile(np.linspace(0.4, 0.1, 8), (40, 1)) + 0.001 * made_up().test_error
    assert not evidence.trial(replace(made_up(), test_error=late, trial=late), RULE)[1].failed


def test_every_run_is_dealt_the_errors_of_another_one_once():
    runs = np.array([3, 5, 8, 9])
    for seed in range(20):
        other = evidence.dealt(runs, seed)
        assert sorted(other) == [3, 5, 8, 9]
        assert (other != runs).all()
    assert len({tuple(evidence.dealt(runs, seed)) for seed in range(20)}) > 3


def test_deals_within_a_task_stay_in_it():
    """One task is best early, the other late: the errors of a run of the same task tell, those of any run do not."""
    one = made_up()
    parted = replace(one, tasks=("early", "late") * 20)
    any_run, same_task = (row.interval for row in evidence.trial(parted, RULE)[1].rows)
    assert same_task.high < 0 <= any_run.high


def test_the_rows_are_paired_differences_of_what_the_rules_pick():
    found = replace(made_up(runs=8), progress=np.ones((8, 8)), plateau=np.tile([1, -1] + [1] * 6, (8, 1)))
    picks = evidence.picked(found, RULE)
    np.testing.assert_array_equal(picks["always half"], found.test_error[:, HALF])
    np.testing.assert_array_equal(picks["always last candidate"], found.test_error[:, -1])
    np.testing.assert_array_equal(picks["rule that reads the trunk"], found.test_error[:, 1])
    np.testing.assert_array_equal(picks["validated tails"], found.at(np.where(np.arange(8) % 2 == 0, 7, 0)))
    rows = {row.name: row.interval for row in evidence.trial(found, RULE)[0].rows}
    difference = picks["validated trial"] - picks["always half"]
    assert rows["the same, a alone"].estimate == pytest.approx(difference[[0, 1, 4, 5]].mean())
    for other in ("cosine", "always last candidate", "rule that reads the trunk"):
        by_hand = (picks["validated trial"] - picks[other]).mean()
        assert rows[f"validated trial minus {other}"].estimate == pytest.approx(by_hand)
    assert rows["regret of validated trial"].estimate == pytest.approx(
        (picks["validated trial"] - found.test_error.min(axis=1)).mean()
    )
    alone = evidence.regrets(found, RULE, task="b")["cosine"]
    np.testing.assert_array_equal(alone, (found.cosine - found.test_error.min(axis=1))[[2, 3, 6, 7]])
    assert rows["no part of the test, 100 held-back samples: minus always half"].low > 0  # these lie
    lies = replace(found, trial_as_given=1 - found.trial)
    name = "held-back labels as wrong as the training ones: minus always half"
    assert rows[name].high < 0 < {row.name: row.interval for row in evidence.trial(lies, RULE)[0].rows}[name].low


def test_the_descriptions_count_runs_samples_and_epochs():
    parts = studies("book")
    found = made_up(runs=32)
    assert evidence.describe(parts, found).startswith("32 runs, 16 conditions, seeds 10 to 41; 80 epochs each, 500 ")
    table = evidence.describe_costs(parts, found, RULE).splitlines()
    assert "| validated trial | 123 | looked at |" in table[2]  # 72 + 8 + 80 - (2 + 72) / 2
    assert table[3].startswith("| always half | 80 | not used |")
    assert table[-4].startswith("| validated tails | 486 | looked at |")
    assert table[-3].startswith("| always half, on more samples | 80 | trained on | -0.")
    by_hand = (found.all_samples - evidence.picked(found, RULE)["validated trial"]).mean()
    assert f"**{by_hand:+.4f} [" in table[-1]
    assert table[-1].endswith("lower error.")
