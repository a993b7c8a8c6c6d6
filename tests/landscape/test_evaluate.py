from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from lrdecay_core import landscape, storage
from lrdecay_core.landscape import evaluate
from lrdecay_core.landscape.evaluate import compute as run

ENTROPY = functional.cross_entropy
PLANE = landscape.plane_along(torch.zeros(3), *torch.eye(3)[:2])
POINTS = np.random.default_rng(0).standard_normal((20, 2))


def losses_of(net, draw, shape, criterion=ENTROPY):
    return {
        "train": landscape.loss_of(net, criterion, *draw(40, *shape)),
        "test": landscape.loss_of(net, criterion, *draw(23, *shape, seed=1)),
    }


def test_one_strange_loss_sends_all_to_the_plain_loop(stack, draw):
    net, vectors = stack("mlp", (6,))
    losses = losses_of(net, draw, (6,)) | {"norm": lambda v: v @ v}
    run, size = evaluate.evaluator(landscape.plane_through(*vectors), losses)
    assert size == 1
    np.testing.assert_allclose(run(np.zeros((1, 2)))["norm"], vectors[0] @ vectors[0], rtol=1e-6)


@pytest.mark.parametrize("ours", [True, False])
def test_not_a_number_becomes_infinite(stack, draw, ours):
    net, vectors = stack("mlp", (6,))
    losses = losses_of(net if ours else nn.Sequential(net), draw, (6,), lambda z, y: (z * torch.inf * 0).sum())
    found = evaluate.evaluator(landscape.plane_through(*vectors), losses)[0](np.zeros((2, 2)))
    assert found["train"].tolist() == [np.inf, np.inf]


@pytest.mark.parametrize("bad", [{}, {"train": 3}, [lambda v: v]])
def test_refuses_losses(bad):
    with pytest.raises(ValueError, match="`losses` must map names to functions of a flat vector"):
        evaluate.check_losses(bad)


def test_refuses_what_is_not_one_number(stack, draw):
    net, vectors = stack("mlp", (6,))
    plane = landscape.plane_through(*vectors)
    with pytest.raises(ValueError, match=r"`losses`\['x'\] must return one number, got shape"):
        evaluate.evaluator(plane, {"x": lambda v: v})[0](np.zeros((1, 2)))
    run, _ = evaluate.evaluator(plane, losses_of(net, draw, (6,), nn.CrossEntropyLoss(reduction="none")))
    with pytest.raises(ValueError, match=r"`criterion` must return one number, got shape \(1, 40\)"):
        run(np.zeros((1, 2)))
    with pytest.raises(ValueError, match="`plane` must have .* parameters, got 4"):
        evaluate.evaluator(landscape.plane_through(*torch.eye(4)[:3]), losses_of(net, draw, (6,)))


class Counted:
    """A loss that counts its calls and dies at one of them."""

    def __init__(self, stop=None):
        self.calls, self.stop = 0, stop

    def __call__(self, v):
        self.calls += 1
        if self.calls == self.stop:
            raise KeyboardInterrupt
        return (v**2).sum() + 1


@pytest.fixture(autouse=True)
def save_each_point(monkeypatch):
    monkeypatch.setattr(evaluate, "SAVE_SECONDS", -1.0)


def test_resumed_equals_uninterrupted_and_nothing_is_computed_twice(tmp_path):
    whole = run(PLANE, {"a": Counted()}, POINTS, None)["a"]
    path = tmp_path / "deep" / "surface"
    with pytest.raises(KeyboardInterrupt):
        run(PLANE, {"a": Counted(stop=12)}, POINTS, path)
    again = Counted()
    np.testing.assert_array_equal(run(PLANE, {"a": again}, POINTS, path)["a"], whole)
    assert again.calls == 3 + 20 - 8  # three probes, and what eight points before the stop left
    last = Counted()
    np.testing.assert_array_equal(run(PLANE, {"a": last}, POINTS, path)["a"], whole)
    assert last.calls == 3
    assert [p.name for p in path.parent.iterdir()] == ["surface"]


def test_zero_and_infinite_values_are_computed_once(tmp_path):
    calls = []

    def loss(v):
        calls.append(1)
        return torch.tensor(0.0 if v[0] > 0 else torch.nan)

    first = run(PLANE, {"a": loss}, POINTS, tmp_path / "s")["a"]
    assert set(first.tolist()) == {0.0, np.inf}
    calls.clear()
    run(PLANE, {"a": loss}, POINTS, tmp_path / "s")
    assert len(calls) == 3


def other_plane():
    return landscape.plane_along(torch.zeros(3), *torch.eye(3)[[0, 2]])


@pytest.mark.parametrize(
    ("plane", "losses", "points"),
    [
        (other_plane(), {"a": Counted()}, POINTS),
        (PLANE, {"a": Counted()}, POINTS[:19]),
        (PLANE, {"b": Counted()}, POINTS),
        (PLANE, {"a": Counted(), "b": Counted()}, POINTS),
        (PLANE, {"a": lambda v: (v**2).sum() + 1.001}, POINTS),
    ],
)
def test_another_surface_is_refused(tmp_path, plane, losses, points):
    run(PLANE, {"a": Counted()}, POINTS, tmp_path / "s")
    with pytest.raises(ValueError, match="`store` .* holds another surface"):
        run(plane, losses, points, tmp_path / "s")


@pytest.mark.parametrize("damage", [lambda b: b[:40], lambda b: b"", lambda b: b"PK\x03\x04" + b[4:], lambda b: b[:-3]])
def test_damaged_files_are_named(tmp_path, damage):
    path = tmp_path / "s"
    run(PLANE, {"a": Counted()}, POINTS, path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="`store` .* cannot be read as a surface"):
        run(PLANE, {"a": Counted()}, POINTS, path)


def test_a_failed_write_leaves_the_last_good_state(tmp_path, monkeypatch):
    path = tmp_path / "s"
    with pytest.raises(KeyboardInterrupt):
        run(PLANE, {"a": Counted(stop=12)}, POINTS, path)
    before = path.read_bytes()

    def full(*args, **options):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "save_file", full)
        with pytest.raises(OSError, match="No space"):
            run(PLANE, {"a": Counted()}, POINTS, path)
    assert path.read_bytes() == before
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space"):
            run(PLANE, {"a": Counted()}, POINTS, path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
