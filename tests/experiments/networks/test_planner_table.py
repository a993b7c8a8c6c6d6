import json

import numpy as np

from lrdecay_core.experiments.networks.planner_table import Table


def made_up(seed):
    stream = np.random.default_rng(seed)
    return Table(
        names=(f"a, seed {seed}", f"b, seed {seed}"), test_error=stream.uniform(size=(2, 3)), glance=1, seconds=1.25,
        cosine=stream.uniform(size=2), sharpness=np.array([0.5, np.nan]),
        features={"plateau": stream.normal(size=(2, 3))},
    )  # fmt: skip


def same(one, other):
    assert (one.names, one.glance, set(one.features)) == (other.names, other.glance, set(other.features))
    for name in ("test_error", "cosine", "sharpness"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_array_equal(one.features["plateau"], other.features["plateau"])


def test_a_file_gives_back_what_it_was_given():
    table = made_up(3).rounded()
    same(Table.from_plain(json.loads(json.dumps(table.plain()))), table)
    assert np.abs(table.test_error - made_up(3).test_error).max() <= 5e-7  # half of the sixth digit


def test_joined_runs_stand_in_the_order_of_their_parts():
    joined = Table.join([made_up(3), made_up(5)])
    assert joined.names == ("a, seed 3", "b, seed 3", "a, seed 5", "b, seed 5")
    np.testing.assert_array_equal(joined.test_error[2:], made_up(5).test_error)
    np.testing.assert_array_equal(joined.features["plateau"][:2], made_up(3).features["plateau"])
    assert joined.seconds == 2.5


def test_the_oracle_is_the_lowest_candidate():
    np.testing.assert_array_equal(made_up(3).oracle, np.sort(made_up(3).test_error, axis=1)[:, 0])
