import numpy as np
import pytest
import torch
from torch.nn import functional

from lrdecay_core import landscape

A, B = torch.tensor([-1.0, 0.0], dtype=torch.float64), torch.tensor([1.0, 0.0], dtype=torch.float64)


def ring(v):
    """Its minima are the unit circle: the straight line between two of them climbs to 1, a curve need not."""
    return (v @ v - 1) ** 2


def test_line_and_barrier_are_those_of_the_formula():
    found = landscape.line(A, B, {"ring": ring, "tilt": lambda v: v[0]}, num=41, span=(-0.25, 1.25))
    x = 2 * found.t - 1
    np.testing.assert_allclose(found["ring"], (x**2 - 1) ** 2, rtol=0, atol=1e-15)
    assert found["ring"].max() > 1  # beyond the ends, which is no barrier
    # t = 0.5 is grid point 20
    assert found.barrier("ring") == pytest.approx(1, abs=1e-15)
    assert found.barrier("tilt") == 0
    assert found.ends["tilt"] == (-1, 1)


def test_barrier_is_above_the_higher_end():
    assert landscape.line(A, B, {"a": lambda v: v[0] - 3 * (v[0] - 1) * (v[0] + 1)}, num=401).barrier(
        "a"
    ) == pytest.approx(2 + 1 / 12, abs=1e-4)  # top at x = 1/6, on a grid of 1/200


def test_ends_count_where_the_grid_misses_them():
    found = landscape.line(A, B, {"a": lambda v: -v[0]}, num=4, span=(-0.3, 1.4))
    assert not {0.0, 1.0} & set(found.t)
    assert found.barrier("a") == 0


def test_infinite_losses_are_kept():
    found = landscape.line(A, B, {"a": lambda v: v[0].log()}, num=5)
    assert found["a"].tolist()[:2] == [np.inf, np.inf]


def test_bezier_goes_around_the_hill():
    bent = torch.tensor([0.0, 1e-3], dtype=torch.float64)  # off the symmetry line, on which the gradient has no side
    found = landscape.bezier(A + bent, B + bent, {"train": ring, "x": lambda v: v[0]}, num=61)
    assert landscape.line(A + bent, B + bent, {"train": ring}).barrier("train") > 0.99
    heights, x = np.linspace(0, 2, 2001)[:, None], np.linspace(-1, 1, 2001)  # of the parabola h (1 - x^2)
    losses = (x**2 + (heights * (1 - x**2)) ** 2 - 1) ** 2
    best = losses[np.trapezoid(losses, x).argmin()].max()
    assert found.barrier("train") == pytest.approx(best, abs=2e-3)  # the ends are 1e-3 off the axis
    assert best < 0.06
    assert found.bend.shape == (2,)
    np.testing.assert_allclose(found["x"][[0, -1]], [-1, 1], atol=1e-15)
    mean = [
        np.trapezoid([float(ring(at(found.bend + d, s, bent))) for s in found.t], found.t)
        for d in (0, torch.tensor([0.0, 0.05]), torch.tensor([0.0, -0.05]))
    ]
    assert mean[0] == min(mean)


def at(bend, t, bent):
    return (1 - t) ** 2 * (A + bent) + 2 * t * (1 - t) * bend + t**2 * (B + bent)


def test_bezier_lowers_the_barrier_of_two_networks(stack, draw):
    net, vectors = stack("mlp", (6,), init_gain=3.0)
    losses = {"train": landscape.loss_of(net, functional.cross_entropy, *draw(60, 6))}
    curve = landscape.bezier(vectors[0], vectors[1], losses, max_steps=30)
    assert curve["train"].mean() < 0.7 * landscape.line(vectors[0], vectors[1], losses)["train"].mean()
    assert curve.descent.loss < curve.descent.start_loss
    again = landscape.bezier(vectors[0], vectors[1], losses, max_steps=30)
    assert torch.equal(curve.bend, again.bend)


def test_around_evaluates_at_the_distance():
    found = landscape.around(A, 3.0, {"r": lambda v: (v - A).norm(), "x": lambda v: v[0]}, num=20, seed=1)
    np.testing.assert_allclose(found["r"], 3, rtol=1e-14)
    assert found["x"].shape == (20,)
    assert len(set(found["x"])) == 20


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: landscape.line(A, torch.zeros(3), {"a": ring}), "`a` and `b` must have one length, got 2 and 3"),
        (lambda: landscape.line(A, B, {"a": ring}, num=1), "`num` must be a whole number at least 2"),
        (lambda: landscape.line(A, B, {"a": ring}, span=(1, 0)), r"`span` must be \(first, last\)"),
        (lambda: landscape.bezier(A, B, {"a": ring}), "`train` must be one of 'a', got 'train'"),
        (lambda: landscape.around(A, 0, {"a": ring}), "`radius` must be a finite number above 0"),
        (lambda: landscape.bezier(A, B, {"train": lambda v: v.sum() / 0}), "`loss` must be finite"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_paths_on_cuda_are_those_on_the_cpu(same_on_cuda, stack, draw):
    net, vectors = stack("mlp", (6,))
    inputs, targets = draw(20, 6)

    def found(device):
        loss = landscape.loss_of(net, functional.cross_entropy, inputs, targets, device=device)
        a, b = (loss.vector(v) for v in vectors[:2])
        curve = landscape.bezier(a, b, {"train": loss}, max_steps=3, num=5)
        assert curve.bend.device.type == torch.device(device).type
        return curve.bend, curve["train"], landscape.line(a, b, {"train": loss}, num=4)["train"]

    same_on_cuda(found)
