import functools
import os
import subprocess
import sys
import types

import numpy as np
import pytest

from lrdecay_core import provenance, sweeps
from lrdecay_core.sweeps import specs


def work(spec):
    return {"x": spec["x"]}


def other(spec):
    return {"x": spec["x"]}


def test_the_last_axis_is_fastest_so_columns_reshape():
    found = sweeps.grid(rate=[0.1, 0.2], time=(1, 2, 3), seed=np.arange(2))
    table = np.array([[s["rate"], s["time"], s["seed"]] for s in found]).reshape(2, 3, 2, 3)
    np.testing.assert_array_equal(table[:, 0, 0, 0], [0.1, 0.2])
    np.testing.assert_array_equal(table[0, :, 0, 1], [1, 2, 3])
    np.testing.assert_array_equal(table[0, 0, :, 2], [0, 1])
    assert type(found[0]["seed"]) is int


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({}, "`axes`"),
        ({"rate": []}, "`rate` must hold at least one"),
        ({"rate": 0.1}, "`rate` must be a list"),
        ({"network": "mlp"}, "`network` must be a list"),
        ({"rate": [0.1, 0.2, 0.1]}, r"`rate` must hold distinct values, got \[0.1\]"),
        ({"rate": [{1}]}, "got set"),
    ],
)
def test_axes_that_are_none(axes, message):
    with pytest.raises(ValueError, match=message):
        sweeps.grid(**axes)


def test_a_key_names_function_spec_and_code():
    spec = {"x": 1, "y": [2.5, None]}
    names = [
        sweeps.key(work, spec),
        sweeps.key(other, spec),
        sweeps.key(work, {**spec, "x": 2}),
        sweeps.key(work, spec, version="1"),
        sweeps.key(work, spec, version="2"),
    ]
    assert len(set(names)) == 5
    assert sweeps.key(work, {"y": (2.5, None), "x": 1}) == names[0]


def test_keys_are_the_same_in_another_process():
    code = "from lrdecay_core import sweeps, rng; print(sweeps.key(rng.stream, {'x': 1, 'rate': 0.1}))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    from lrdecay_core import rng

    assert sweeps.key(rng.stream, {"rate": 0.1, "x": 1}) == found


@pytest.mark.parametrize(
    "fn", [lambda spec: spec, functools.partial(work), types.SimpleNamespace(), (lambda: lambda spec: spec)()]
)
def test_functions_that_could_share_a_name_have_no_key(fn):
    with pytest.raises(ValueError, match="`fn` must be a function defined by name"):
        sweeps.key(fn, {"x": 1})


def test_an_edit_of_the_file_that_defines_the_function_changes_the_stamp(tmp_path, monkeypatch):
    module = types.ModuleType("mine")
    module.__file__ = str(tmp_path / "mine.py")
    monkeypatch.setitem(sys.modules, "mine", module)
    stamps = []
    for text in ("def f(spec): return {'x': 1}", "def f(spec): return {'x': 2}"):
        (tmp_path / "mine.py").write_text(text)
        exec(text, module.__dict__)
        stamps.append(specs.code_stamp(module.f))
    assert stamps[0] != stamps[1]
    (tmp_path / "mine.py").unlink()
    with pytest.raises(ValueError, match="`version`"):
        specs.code_stamp(module.f)


def test_an_edit_of_the_library_changes_the_stamp_and_one_of_a_figure_does_not(tmp_path, monkeypatch):
    (tmp_path / "figures").mkdir()
    for name in ("rng.py", "figures/style.py"):
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(provenance, "LIBRARY", tmp_path)
    before = provenance.source_stamp(*specs.DRAWS_ONLY)
    (tmp_path / "figures" / "style.py").write_text("2")
    assert provenance.source_stamp(*specs.DRAWS_ONLY) == before
    (tmp_path / "rng.py").write_text("2")
    assert provenance.source_stamp(*specs.DRAWS_ONLY) != before


MODULE = """
FACTOR, NAMES = {factor}, {{"a", "b"}}

class Rule:
    def apply(self, x):
        return {method} * x

def helper(x, power={power}):
    return FACTOR * x**power if x in {{"p", "q", "r"}} else x

def unused():
    return {unused}

def f(spec):
    return {{"x": [helper(x) for x in [Rule().apply(spec["x"])]]}}
"""
VALUES = {"factor": 2, "method": 1, "power": 1, "unused": 1}


def _loaded(folder, monkeypatch, **values):
    module = types.ModuleType("mine")
    module.__file__ = str(folder / "mine.py")
    monkeypatch.setitem(sys.modules, "mine", module)
    exec(MODULE.format(**{**VALUES, **values}), module.__dict__)
    return module.f


@pytest.mark.parametrize("name", ["factor", "method", "power"])
def test_code_that_was_loaded_before_an_edit_is_not_taken_for_the_edited(tmp_path, monkeypatch, name):
    """Import, edit, run: the old code runs, so its result must not be found by the new."""
    (tmp_path / "mine.py").write_text(MODULE.format(**{**VALUES, name: 3}))
    stale = specs.code_stamp(_loaded(tmp_path, monkeypatch))
    fresh = specs.code_stamp(_loaded(tmp_path, monkeypatch, **{name: 3}))
    assert stale != fresh
    assert specs.code_stamp(_loaded(tmp_path, monkeypatch, **{name: 3})) == fresh


def test_what_a_function_does_not_name_is_not_part_of_its_loaded_code(tmp_path, monkeypatch):
    before = specs.loaded_stamp(_loaded(tmp_path, monkeypatch))
    assert specs.loaded_stamp(_loaded(tmp_path, monkeypatch, unused=2)) == before


def test_loaded_code_has_one_stamp_in_every_process(tmp_path):
    """Sets of words have another order in every process, and code other addresses."""
    (tmp_path / "mine.py").write_text(MODULE.format(**VALUES))
    code = "import mine; from lrdecay_core.sweeps import specs; print(specs.loaded_stamp(mine.f))"
    around = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True, text=True, check=True, env={**around, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1
