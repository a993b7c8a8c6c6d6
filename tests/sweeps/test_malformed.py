"""Whatever is handed in: a result, or a ValueError that names the argument; never a hang, never a damaged store."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrdecay_core import storage, sweeps
from lrdecay_core.training import TrainConfig, branches

FEW = settings(
    max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(), st.text(max_size=3))
ANY = st.recursive(
    PLAIN | st.binary(max_size=3) | st.just(object()) | st.sets(st.integers(0, 3)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=5,
)


def echo(spec):
    return {"value": spec.get("x", 0)}


def outcome(call):
    """Return what ``call`` returned, or the message of its ValueError; anything else it raises is a failed test."""
    try:
        return call()
    except ValueError as error:
        message = str(error)
    assert "`" in message
    return message


@FEW
@given(specs=ANY)
def test_specs(tmp_path, specs):
    store = tmp_path / "store"
    listed = specs if isinstance(specs, list | dict | set | str | bytes) else [specs]

    def call():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("lrdecay_core.sweeps.runner.warnings.warn", lambda *a, **k: None)
            return sweeps.run(echo, listed, store=store)

    found = outcome(call)
    if not isinstance(found, str):
        assert len(found.results) == len(listed)
        # what was returned is what the store gives back, NaN included
        for spec, result in zip(found.specs, found.results, strict=True):
            if result is not None:
                again = sweeps.Store(store).get(sweeps.key(echo, spec))[0]
                assert repr(again) == repr(result)


@FEW
@given(axis=ANY)
def test_axes(axis):
    found = outcome(lambda: sweeps.grid(x=axis))
    assert isinstance(found, str) or len(found) == len(axis)


@FEW
@given(content=st.binary(max_size=200))
def test_files(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(storage.DamagedFile, match="`path`"):
        storage.load(tmp_path / "file")


@FEW
@given(
    field=st.sampled_from(["learning_rate", "batch_size", "epochs", "network", "loss", "augment", "momentum", "width"]),
    value=PLAIN,
)
def test_configurations(field, value):
    good = {
        "network": "mlp",
        "dataset": "digits",
        "loss": "squared",
        "learning_rate": 0.1,
        "decayed_rate": 0.01,
        "batch_size": 2,
        "epochs": 1,
        "num_train": 4,
        "width": 1,
    }
    found = outcome(lambda: TrainConfig(**{**good, field: value}))
    if not isinstance(found, str):
        assert value is None or not isinstance(value, float) or math.isfinite(value)


@FEW
@given(decay=ANY, seeds=ANY)
def test_branches(decay, seeds):
    config = TrainConfig(
        network="mlp",
        dataset="digits",
        loss="squared",
        learning_rate=0.1,
        decayed_rate=0.01,
        batch_size=2,
        epochs=1,
        num_train=4,
        width=1,
    )
    lists = [v if isinstance(v, list | dict | set | str | bytes) else [v] for v in (decay, seeds)]
    found = outcome(lambda: branches(config, decay_epochs=lists[0], seeds=lists[1]))
    assert isinstance(found, str) or found.test_error.shape[:2] == (len(lists[0]), len(lists[1]))
