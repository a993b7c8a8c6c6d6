"""Variants are judged on made-up runs: the words must follow the numbers, in both directions."""

from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.claims import variants as judge
from lrdecay_core.experiments.model.variants import VARIANTS, VariantRuns, VariantStudy, Weighted

STUDY = VariantStudy(problems=(0, 1, 2, 3), replicas=2, depths=(0.0, 2.0, 8.0))


@pytest.fixture(autouse=True)
def book_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


def made_up(*, end=1.005, change=0.1, kept=0.85, nearer=5.0) -> VariantRuns:
    """Every variant alike, with a percent of noise between problems."""
    noise = 1 + 0.001 * np.random.default_rng(0).standard_normal((len(VARIANTS), 4, 1, 2))
    ratio = 1 + np.array([4.0, 1.0, end - 1])[:, None] * noise
    control = 1 + np.array([4.0, 4.0, 4.0 * kept])[:, None] * noise[:, ::-1]
    loss = np.array([1.0, change / 2, change])[:, None] * noise
    apart = 0.1 * noise[:, :, 0]
    return VariantRuns(
        study=STUDY, norm_ratio=ratio, control_ratio=control, test_loss=loss, predicted=loss.mean(axis=-1) * 1.02,
        limit_loss=np.ones((len(VARIANTS), 4)), to_weighted=apart, to_plain=nearer * apart[..., ::-1], seconds=1.0,
    )  # fmt: skip


def test_the_verdict_counts_variants():
    text = judge.describe_variants(made_up())
    assert "6 of 6 variants land at the least weighted norm. Waiting helps in 6." in text
    assert "| label errors 2 | 1.005 [1.005, 1.005] | lands | -1.000 [-1.00" in text
    assert "| helps | T = 5,000 |" in text  # depth 2 in units of 2,500 steps
    assert "within 2.0% of the first-order prediction" in text


@pytest.mark.parametrize(("end", "word"), [(1.019, "lands"), (1.021, "not there")])
def test_landing_has_a_threshold(end, word):
    assert judge.describe_variants(made_up(end=end)).count(f"| {word} |") == len(VARIANTS)


@pytest.mark.parametrize(("change", "word"), [(0.9, "helps"), (1.1, "hurts")])
def test_waiting_helps_or_hurts(change, word):
    text = judge.describe_variants(made_up(change=change))
    assert text.count(f"| {word} |") == len(VARIANTS)
    assert f"Waiting {word} in 6." in text


def test_one_problem_that_differs_makes_a_difference_unclear():
    runs = made_up(change=0.9)
    loss = runs.test_loss.copy()
    loss[3, 0, -1] *= 1.15  # the mean still falls, its interval reaches above 0
    text = judge.describe_variants(replace(runs, test_loss=loss))
    assert "| no clear difference |" in text
    assert "Waiting helps in 5, no clear difference in 1." in text
    ratio = runs.norm_ratio.copy()
    ratio[2, 0, -1] += 0.05
    assert "5 of 6 variants land" in judge.describe_variants(replace(runs, norm_ratio=ratio))


def test_the_worst_prediction_is_named():
    runs = made_up()
    predicted = runs.predicted.copy()
    predicted[1, :, 1] *= 1.25
    text = judge.describe_variants(replace(runs, predicted=predicted))
    assert "but for *label errors 0.3*: 21.6%." in text  # 1 / (1.02 * 1.25) - 1


@pytest.mark.parametrize(("given", "sound"), [({}, 7), ({"kept": 0.6}, 1), ({"nearer": 0.5}, 6)])
def test_controls_fail_or_are_named(given, sound):
    runs = made_up(**given)
    found = judge.controls(runs)
    assert sum(fails for _, fails in found.values()) == sound
    text = judge.describe_controls(runs)
    assert ("All fail, as they should." in text) is (sound == 7)
    assert ("These do not fail as they should" in text) is (sound < 7)
    assert f"{10 ** np.log10(given.get('nearer', 5.0)):.1f} times as far" in text


def test_unequal_columns_in_words():
    v = np.array([0.5, 1.0, 2.0])
    said = judge.describe_weighted(
        Weighted(column_weights=v, taken=1.1 * v, to_weighted=np.array([1e-4, 0.1]), to_plain=np.array([0.5, 0.7]))
    )
    assert "slope 1.100" in said
    assert "1 of 2 problems" in said
    assert "at least 0.50" in said
