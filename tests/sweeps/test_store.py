import json
import math
import os

import numpy as np
import pytest
import torch

from lrdecay_core import storage
from lrdecay_core.sweeps import store as module
from lrdecay_core.sweeps.store import Store, decode, encode

KEY = "0123456789ab"
RESULT = {
    "losses": np.linspace(0, 1, 5),
    "steps": np.arange(3, dtype=np.int32),
    "error": 0.1 + 0.2,
    "never": math.inf,
    "count": 3,
    "word": "ok",
    "flag": True,
    "none": None,
    "list": [1, [2.5, "x"]],
}


def _same(a, b):
    assert set(a) == set(b)
    for name, value in b.items():
        assert type(a[name]) is type(value)
        if isinstance(value, list):
            assert a[name] == value
        else:
            np.testing.assert_array_equal(a[name], value)
        assert getattr(a[name], "dtype", None) == getattr(value, "dtype", None)


def test_what_is_put_is_what_is_got(tmp_path):
    store = Store(tmp_path / "deep" / "store")
    assert store.keys() == ()
    store.put(KEY, encode(RESULT), {"seconds": 2.0})
    result, origin = store.get(KEY)
    _same(result, RESULT)
    assert origin == {"seconds": 2.0}
    assert store.keys() == (KEY,)
    assert store.get("f" * 12) is None


def test_fresh_and_stored_results_are_the_same(tmp_path):
    """Otherwise a page would change on its second run."""
    given = {"t": torch.ones(2), "s": np.float32(0.1), "i": np.int64(4), "pair": (1, np.float64(2))}
    fresh = decode(encode(given))
    _same(fresh, {"t": np.ones(2, np.float32), "s": float(np.float32(0.1)), "i": 4, "pair": [1, 2.0]})
    store = Store(tmp_path)
    store.put(KEY, encode(given), {})
    _same(store.get(KEY)[0], fresh)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "`fn` must return a mapping"),
        ({}, "`fn` must return a mapping"),
        ({1: 2}, "`fn` must return a mapping"),
        ({"a": {"b": 1}}, "`a` must be an array"),
        ({"a": object()}, "`a` must be an array"),
        ({"a": np.array(["x"])}, "`a` must hold numbers"),
        ({"a": np.array([{}])}, "`a` must hold numbers"),
        ({"a": np.ones(2, np.longdouble)}, "`a` must hold numbers"),
        ({"a": np.ones(2, ">f8")}, "`a` must hold numbers"),
        ({"a": np.ma.ones(2)}, "`a` must be an array without a mask"),
        ({"a": torch.ones(2, dtype=torch.bfloat16)}, "`a` must hold numbers"),
        ({"a": 10**5000}, "`a` must hold whole numbers of at most 4096 bits"),
        ({"__metadata__": np.ones(2)}, "`fn` must name its values"),
        ({"\ud800": np.ones(2)}, "`fn` must name its values"),
    ],
)
def test_results_that_no_file_could_hold(result, message):
    with pytest.raises(ValueError, match=message):
        encode(result)


def test_damage_is_set_aside_and_said(tmp_path):
    store = Store(tmp_path)
    store.put(KEY, encode(RESULT), {})
    path = tmp_path / f"{KEY}.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(RuntimeWarning, match="set aside as 0123456789ab.damaged"):
        assert store.get(KEY) is None
    assert store.keys() == ()
    assert (tmp_path / f"{KEY}.damaged").exists()


def test_a_renamed_result_is_not_taken_for_another_run(tmp_path):
    store = Store(tmp_path)
    store.put(KEY, encode(RESULT), {})
    (tmp_path / f"{KEY}.safetensors").rename(tmp_path / "ffffffffffff.safetensors")
    with pytest.warns(RuntimeWarning, match="holds run 0123456789ab"):
        assert store.get("f" * 12) is None


@pytest.mark.parametrize("text", ["", "[1]", '{"seconds"'])
def test_lost_provenance_does_not_cost_the_result(tmp_path, text):
    store = Store(tmp_path)
    store.put(KEY, encode(RESULT), {"seconds": 1})
    (tmp_path / f"{KEY}.json").write_text(text)
    assert store.get(KEY)[1] == {}


def test_a_result_never_stands_without_its_provenance(tmp_path, monkeypatch):
    def full(*args, **options):
        raise OSError(28, "No space left on device")

    store = Store(tmp_path)
    for place in ((storage, "save_file"), (os, "fsync"), (module.json, "dumps")):
        with monkeypatch.context() as patch:
            patch.setattr(*place, full)
            with pytest.raises(OSError, match="No space"):
                store.put(KEY, encode(RESULT), {"seconds": 1.0})
        assert store.get(KEY) is None
        assert not list(tmp_path.glob("*.tmp"))
    store.put(KEY, encode(RESULT), {"seconds": 1.0})
    assert json.loads((tmp_path / f"{KEY}.json").read_text()) == {"seconds": 1.0}


def test_a_file_is_no_store(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="`store` must be a folder"):
        Store(tmp_path / "file")


def test_every_kind_of_number_comes_back(tmp_path):
    given = {name: np.ones((2, 3), name).T for name in module.DTYPES}
    store = Store(tmp_path)
    store.put(KEY, encode(given), {})
    _same(store.get(KEY)[0], given)


@pytest.mark.parametrize("key", ["../escaped", "", "0" * 11, "0" * 13, "A" * 12, None])
def test_a_name_leads_nowhere_else(tmp_path, key):
    store = Store(tmp_path / "store")
    with pytest.raises(ValueError, match="`key` must be 12 hexadecimal digits"):
        store.put(key, encode(RESULT), {})
    with pytest.raises(ValueError, match="`key` must be 12 hexadecimal digits"):
        store.get(key)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_read_now_is_left_where_it_is(tmp_path, monkeypatch):
    def trouble(*args, **options):
        raise OSError(5, "Input/output error")

    store = Store(tmp_path)
    store.put(KEY, encode(RESULT), {})
    with monkeypatch.context() as patch:
        patch.setattr(storage, "safe_open", trouble)
        with pytest.raises(OSError, match="Input/output"):
            store.get(KEY)
    _same(store.get(KEY)[0], RESULT)
