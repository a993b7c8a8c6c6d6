import numpy as np
import pytest

from lrdecay_core import sweeps


def _sweep(results, failures=()):
    count = len(results)
    return sweeps.Sweep(
        specs=tuple({"x": i} for i in range(count)),
        keys=tuple(map(str, range(count))),
        results=results,
        seconds=np.zeros(count),
        failures=failures,
        computed=count,
    )


def test_columns_stand_in_the_order_of_the_specs():
    found = _sweep(({"a": 1.0, "b": np.ones((2, 3))}, {"a": 2.0, "b": np.zeros((2, 3))}))
    np.testing.assert_array_equal(found.column("a"), [1, 2])
    assert found.column("b").shape == (2, 2, 3)
    with pytest.raises(ValueError, match=r"`name` must be one of \['a', 'b'\], got 'c'"):
        found.column("c")


def test_a_column_of_an_incomplete_sweep_is_refused():
    failure = sweeps.Failure(spec={"x": 1}, key="1", traceback="Traceback\n  here\nKeyError: 'x'\n")
    assert failure.error == "KeyError: 'x'"
    with pytest.raises(ValueError, match=r"1 failures of 2 runs, the first at \{'x': 1\}: KeyError"):
        _sweep(({"a": 1.0}, None), (failure,)).column("a")
