import numpy as np
import pytest

from lrdecay_core import theory
from lrdecay_core.explorers.slow_table import RATES, mixing, tabulate
from lrdecay_core.model import minimum_norm


@pytest.fixture(scope="module")
def table(problem):
    return tabulate(problem, init_scale=0.5, batch_sizes=[8, 2, 1])


def direct(problem, rate, depths, B):
    return theory.slow_flow(
        problem.X,
        problem.y,
        init_scale=0.5,
        slow_times=depths * B / 4.0,
        label_noise=2.0,
        batch_size=B,
        learning_rate=rate or None,
    )


@pytest.mark.parametrize(("rate", "B"), [(0.0, 1), (0.015, 2), (0.045, 3), (0.075, 1), (0.09, 8)])
def test_between_its_entries_it_is_the_slow_flow(problem, table, rate, B):
    depths = np.array([0.1, 0.7, 1.9, 4.4, 9.3])
    found = table.at("test_loss", rate, depths, mixing=mixing(8, B))
    # Interpolation in rate, depth and batch size: what the docstring of the table promises.
    np.testing.assert_allclose(found, problem.test_loss(direct(problem, rate, depths, B)), rtol=0.015)


def test_norm_starts_at_the_scale_and_goes_to_its_minimum(problem, table):
    norm, beta = table.norm_squared[0, 0], direct(problem, 0.0, np.array([0.0]), 1)
    assert norm[0] == pytest.approx(2 * np.hypot(beta, 0.5).sum())
    minimum = minimum_norm(problem).norm_squared
    assert minimum < norm[-1] < 1.001 * minimum  # a power of a = e^-16 remains
    assert (np.diff(norm) < 0).all()


def test_leading_order_has_no_shift_and_shift_grows_with_the_rate(table):
    np.testing.assert_allclose(table.shift[:, 0], 0, atol=1e-12)
    assert (np.diff(table.shift[:, :, -1], axis=1) > 0).all()


def test_trust_is_asked_at_the_batch_size(table):
    depths, small = np.array([2.0, 8.0]), mixing(8, 1)
    shift = table.at("shift", 0.03, depths, mixing=small)
    np.testing.assert_array_equal(table.trusted(0.03, depths, mixing=small), shift <= 0.1 * depths)
    assert table.trusted(0.03, depths, mixing=0.0).sum() > table.trusted(0.03, depths, mixing=small).sum()


def test_outside_there_is_nothing(table):
    assert np.isnan(table.at("test_loss", 0.03, np.array([1.0, 99.0]), mixing=0.5)).tolist() == [False, True]
    assert np.isnan(table.at("test_loss", 2 * RATES[-1], np.array([1.0]), mixing=0.5)).all()


def test_the_page_reads_the_same(node, problem):
    single = tabulate(problem, init_scale=0.5, batch_sizes=[2])
    depths = np.linspace(0, 17, 57)
    for rate in (0.0, 0.01, 0.03, 0.08, 0.2):
        found = node(
            "const { slowCurve, trusted } = await lib('slow'); const { table, rate, depths } = given;"
            "return { loss: depths.map(slowCurve(table, 'test_loss', rate)), sure: depths.map(trusted(table, rate)),"
            "hot: depths.map(slowCurve(table, 'fluctuation', rate)) };",
            table=single.json(),
            rate=rate,
            depths=depths.tolist(),
        )
        loss = [np.nan if v is None else v for v in found["loss"]]
        np.testing.assert_allclose(loss, single.at("test_loss", rate, depths), rtol=1e-6)  # eight digits are embedded
        hot = [np.nan if v is None else v for v in found["hot"]]
        np.testing.assert_allclose(hot, single.at("fluctuation", rate, depths), rtol=1e-6)
        assert found["sure"] == single.trusted(rate, depths).tolist()


def test_mixing_is_the_variance_of_a_batch_mean_over_that_of_one_sample():
    values = np.random.default_rng(0).standard_normal(5)
    values -= values.mean()
    pairs = np.array([(values[i] + values[j]) / 2 for i in range(5) for j in range(i)])
    assert (pairs**2).mean() == pytest.approx(mixing(5, 2) * (values**2).mean())
