import numpy as np
import pytest
from scipy import stats

from lrdecay_core.claims import mean_interval, rank_trend
from lrdecay_core.claims.statistics import Interval, profile_interval, thresholds


def test_interval_equals_scipys_t_test():
    differences = np.array([0.3, -0.1, 0.4, 0.2, 0.0])
    ours = mean_interval(differences)
    theirs = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    np.testing.assert_allclose((ours.low, ours.high), theirs, rtol=1e-12)


def test_interval_covers_at_small_n():
    samples = np.random.default_rng(0).normal(1.0, 2.0, size=(4000, 5))
    covered = np.mean([i.low <= 1.0 <= i.high for i in map(mean_interval, samples)])
    assert abs(covered - 0.95) < 5 * np.sqrt(0.95 * 0.05 / 4000)


def test_missing_replicates_are_left_out_and_counted():
    assert mean_interval(np.array([1.0, np.nan, 3.0])) == mean_interval(np.array([1.0, 3.0]))
    empty = mean_interval(np.array([np.nan]))
    assert empty.n == 0
    assert np.isnan(empty.estimate)


def test_one_replicate_has_no_interval():
    one = mean_interval(np.array([2.0]))
    assert (one.estimate, one.n) == (2.0, 1)
    assert np.isnan(one.low)


def test_trend_of_a_falling_curve_is_minus_one():
    falling = np.array([[3.0, 9.0], [2.0, 5.0], [1.0, 4.0]])
    assert rank_trend(falling).estimate == pytest.approx(-1.0)
    assert rank_trend(falling[::-1]).estimate == pytest.approx(1.0)
    assert rank_trend(np.ones((3, 2))).estimate == 0.0


def test_trend_bounds_stay_in_the_range_of_a_correlation():
    nearly = np.array([[3.0, 9.0, 1.0], [2.0, 5.0, 3.0], [1.0, 4.0, 0.0]])
    trend = rank_trend(nearly)
    assert -1 <= trend.low < trend.estimate < trend.high <= 1
    assert np.isnan(rank_trend(nearly[:, :1]).low)


def test_trend_of_noise_covers_zero_as_promised():
    random = np.random.default_rng(1)
    clear = [rank_trend(random.normal(size=(4, 10))) for _ in range(500)]
    wrong = np.mean([i.high < 0 or i.low > 0 for i in clear])
    assert wrong < 0.05 + 5 * np.sqrt(0.05 * 0.95 / 500)


def test_trend_needs_three_conditions():
    with pytest.raises(ValueError, match=r"conditions >= 3, seeds"):
        rank_trend(np.ones((2, 5)))


def test_book_is_stricter_than_quick(monkeypatch):
    values = np.array([0.3, -0.1, 0.4, 0.2, 0.0])
    monkeypatch.setenv("LRDECAY_PROFILE", "book")
    book = thresholds()
    assert profile_interval(values) == mean_interval(values, confidence=0.95)
    monkeypatch.setenv("LRDECAY_PROFILE", "quick")
    quick = thresholds()
    assert profile_interval(values) == mean_interval(values, confidence=0.5)
    assert book.confidence == 0.95
    assert book.control_share == pytest.approx(1 / 3)
    assert quick.confidence < book.confidence
    assert quick.control_share > book.control_share


@pytest.mark.parametrize(
    ("low", "high", "word"), [(0.1, 0.3, "up"), (-0.3, -0.1, "down"), (-0.1, 0.1, "flat"), (np.nan, np.nan, "flat")]
)
def test_the_word_says_where_the_interval_lies(low, high, word):
    assert Interval(0.0, low, high, 5).word("up", "down", "flat") == word
