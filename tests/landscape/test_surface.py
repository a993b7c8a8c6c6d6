import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.interpolate import BarycentricInterpolator
from torch import nn
from torch.nn import functional

from lrdecay_core import landscape
from lrdecay_core.landscape import affine, evaluate
from lrdecay_core.landscape.surface import _chebyshev, _interpolation

ENTROPY = functional.cross_entropy
BOWL = landscape.plane_along(torch.zeros(4, dtype=torch.float64), *torch.eye(4, dtype=torch.float64)[:2])


def smooth(v):
    return torch.exp(v[0] + 2 * v[1]) + 1


def test_values_of_a_quadratic_network_are_exact(quadratic):
    anchors = torch.randn(3, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    surf = landscape.surface(landscape.plane_through(*anchors), {"train": quadratic.loss}, num=(3, 5), margin=0.4)
    assert surf["train"].shape == (3, 5)
    for i, alpha in enumerate(surf.alpha):
        for j, beta in enumerate(surf.beta):
            w = surf.plane.point(alpha, beta)
            np.testing.assert_allclose(surf["train"][i, j], quadratic.value(w), rtol=1e-13)  # float64, 30 samples


def test_rows_are_alpha_columns_are_beta_on_a_grid_that_is_not_square():
    surf = landscape.surface(BOWL, {"first": lambda v: v[0], "second": lambda v: v[1]}, num=(3, 5), margin=0.5)
    np.testing.assert_allclose(surf.alpha, [-2, 0, 2])
    np.testing.assert_allclose(surf.beta, [-2, -1, 0, 1, 2])
    np.testing.assert_array_equal(surf["first"], np.repeat(surf.alpha[:, None], 5, axis=1))
    np.testing.assert_array_equal(surf["second"], np.repeat(surf.beta[None], 3, axis=0))


def test_no_row_is_shifted_and_no_network_is_moved(stack, draw):
    """The plane grids of loss-landscapes 3.0.6 have every second row one step off, and leave the model elsewhere."""
    net, vectors = stack("mlp", (6,))
    before = copy.deepcopy(net.state_dict())
    plane = landscape.plane_through(*vectors)
    for module in (net, nn.Sequential(net)):
        surf = landscape.surface(plane, {"train": landscape.loss_of(module, ENTROPY, *draw(30, 6))}, num=(4, 3))
        loss = landscape.loss_of(module, ENTROPY, *draw(30, 6))
        expected = [[float(loss(plane.point(a, b))) for b in surf.beta] for a in surf.alpha]
        np.testing.assert_allclose(surf["train"], expected, rtol=1e-6)  # float32
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())


def test_a_loss_that_is_exactly_zero_is_a_value():
    """In tomgoldstein/loss-landscape 0 means not yet computed, and is computed again for ever."""
    calls = []

    def zero(v):
        calls.append(1)
        return torch.zeros(())

    surf = landscape.surface(BOWL, {"zero": zero}, num=(3, 5))
    assert (surf["zero"] == 0).all()
    assert len(calls) == 15


def test_training_and_testing_in_one_pass(stack, draw):
    net, vectors = stack("cnn1d", (40,))
    plane = landscape.plane_through(*vectors)
    losses = {
        "train": landscape.loss_of(net, ENTROPY, *draw(30, 40)),
        "test": landscape.loss_of(net, ENTROPY, *draw(20, 40, seed=1)),
    }
    both = landscape.surface(plane, losses, num=5)
    for name, loss in losses.items():
        np.testing.assert_array_equal(both[name], landscape.surface(plane, {name: loss}, num=5)[name])


def test_alone_equals_chunked_equals_resumed(stack, draw, tmp_path, monkeypatch):
    net, vectors = stack("mlp", (6,))
    plane, losses = landscape.plane_through(*vectors), {"train": landscape.loss_of(net, ENTROPY, *draw(30, 6))}
    monkeypatch.setattr(evaluate, "POINTS", 1000)
    whole = landscape.surface(plane, losses, num=(6, 7))
    monkeypatch.setattr(evaluate, "POINTS", 4)
    np.testing.assert_array_equal(landscape.surface(plane, losses, num=(6, 7))["train"], whole["train"])
    store, ours, calls = tmp_path / "surface", affine.values, []

    def killed(*arguments):
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return ours(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(affine, "values", killed)
        patch.setattr("lrdecay_core.landscape.evaluate.SAVE_SECONDS", -1.0)
        with pytest.raises(KeyboardInterrupt):
            landscape.surface(plane, losses, num=(6, 7), store=store)
    assert store.exists()
    np.testing.assert_array_equal(landscape.surface(plane, losses, num=(6, 7), store=store)["train"], whole["train"])


def test_batch_norm_dropout_tied_and_frozen(tied, draw):
    inputs, targets = draw(30, 4)
    plane = landscape.plane_through(*tied)
    losses = {
        "eval": landscape.loss_of(tied[0], ENTROPY, inputs, targets, batch_norm="eval"),
        "recompute": landscape.loss_of(
            tied[0], ENTROPY, inputs, targets, batch_norm="recompute", statistics_inputs=inputs
        ),
    }
    surf = landscape.surface(plane, losses, num=3, margin=0.0)
    net = copy.deepcopy(tied[0]).eval()
    with torch.no_grad():
        np.testing.assert_allclose(
            losses["eval"](plane.point(*plane.anchors[0])), ENTROPY(net(inputs), targets), rtol=1e-6
        )
    assert (surf["eval"] != surf["recompute"]).all()
    assert surf.num_not_finite == {"eval": 0, "recompute": 0}


def test_chebyshev_agrees_with_the_grid_within_its_certificate():
    plane = replace(BOWL, box=np.array([[-1.0, 0.5], [0.2, 1.0]]))  # sides and middles that differ
    exact = landscape.surface(plane, {"a": smooth}, num=(40, 35), sampling="grid")
    fast = landscape.surface(plane, {"a": smooth}, num=(40, 35))
    assert (exact.sampling, fast.sampling) == ("grid", "chebyshev")
    assert (exact.num_evaluations, fast.num_evaluations) == (1400, 24 * 24 + 16)
    # log(1 + e^x) is analytic within pi of the axis: 24 nodes leave some 1e-7 on [-4.5, 4.5]
    np.testing.assert_allclose(np.log(fast["a"]), np.log(exact["a"]), rtol=0, atol=1e-5)
    assert 0 < fast.held_out_error["a"] < 1e-5
    assert exact.held_out_error["a"] == 0
    assert "16 random points held out: a " in str(fast)


def test_the_certificate_sees_a_map_too_rough_for_the_nodes():
    found = landscape.surface(BOWL, {"a": lambda v: 1.1 + torch.sin(30 * v[0])}, num=40)
    assert found.held_out_error["a"] > 0.1


@pytest.mark.parametrize(("num", "sampling"), [(31, "grid"), ((30, 32), "grid"), (32, "chebyshev"), ((2, 400), "grid")])
def test_small_grids_are_exact_by_default(num, sampling):
    assert landscape.surface(BOWL, {"a": smooth}, num=num).sampling == sampling


@pytest.mark.parametrize("value", [0.0, torch.inf, torch.nan, -1.0])
def test_a_loss_without_logarithm_is_computed_point_by_point(value, tmp_path):
    def loss(v):
        return torch.where(v[0] > 0, smooth(v), value)

    found = landscape.surface(BOWL, {"a": loss, "b": smooth}, num=33, store=tmp_path / "s")
    assert found.sampling == "grid"
    assert "losses a are 0, negative or infinite" in str(found)
    expected = smooth([torch.tensor(found.alpha[-1]), torch.tensor(found.beta[3])])
    np.testing.assert_allclose(found["a"][-1, 3], expected)
    finite = np.isfinite(value)
    assert found.num_not_finite == {"a": 0 if finite else 33 * 17, "b": 0}
    assert (found["a"][0] == (value if finite else np.inf)).all()
    assert finite or f"{33 * 17} values of a are not finite" in str(found)
    with pytest.raises(ValueError, match="`sampling`='chebyshev' needs finite losses above 0: losses a"):
        landscape.surface(BOWL, {"a": loss}, sampling="chebyshev", nodes=5)


def test_peak_memory_does_not_grow_with_the_grid():
    import tracemalloc

    tracemalloc.start()
    landscape.surface(BOWL, {"a": smooth}, num=1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1000 * 1000 * 8 * 4  # the map itself and a few copies of it


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num": 1}, "`num` must be a whole number at least 2, got 1"),
        ({"num": (5, 1)}, "`num` must be a whole number at least 2, got 1"),
        ({"margin": -0.1}, "`margin` must be a finite number, 0 or above"),
        ({"sampling": "random"}, "`sampling` must be one of 'chebyshev', 'grid'"),
        ({"nodes": 2}, "`nodes` must be a whole number at least 3"),
        ({"losses": {}}, "`losses` must map names"),
        ({"losses": {"a": lambda v: v}}, r"`losses`\['a'\] must return one number, got shape \(4,\)"),
    ],
)
def test_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        landscape.surface(BOWL, **{"losses": {"a": smooth}, "num": 3} | change)


def test_the_box_holds_the_anchors_with_a_margin():
    plane = landscape.plane_through(*torch.eye(4, dtype=torch.float64)[:3])
    found = landscape.surface(plane, {"a": smooth}, num=3, margin=0.25)
    low, high = plane.anchors.min(axis=0), plane.anchors.max(axis=0)
    for axis, values in enumerate((found.alpha, found.beta)):
        side = high[axis] - low[axis]
        np.testing.assert_allclose(values[[0, -1]], [low[axis] - side / 4, high[axis] + side / 4], rtol=1e-14)


OWN = [("mlp", (6,)), ("cnn1d", (11,)), ("cnn2d", (5, 5)), ("resnet18", (3, 8, 8))]


@pytest.mark.parametrize(("name", "shape"), OWN)
def test_a_map_on_cuda_is_the_map_on_the_cpu(same_on_cuda, stack, draw, name, shape):
    net, vectors = stack(name, shape, width=2)
    inputs, targets = draw(12, *shape)

    def maps(device):
        loss = landscape.loss_of(net, functional.cross_entropy, inputs, targets, device=device)
        plane = landscape.plane_through(*(loss.vector(v) for v in vectors))
        assert plane.origin.device.type == torch.device(device).type
        grid = landscape.surface(plane, {"train": loss}, num=(3, 4))
        smooth = landscape.surface(plane, {"train": loss}, num=9, sampling="chebyshev", nodes=3)
        return grid["train"], smooth["train"], plane.anchors

    same_on_cuda(maps)


def test_a_map_begun_on_one_device_ends_on_another(cuda, stack, draw, tmp_path):
    net, vectors = stack("cnn2d", (5, 5))
    inputs, targets = draw(12, 5, 5)

    def surface(device, file):
        loss = landscape.loss_of(net, functional.cross_entropy, inputs, targets, device=device)
        plane = landscape.plane_through(*(loss.vector(v) for v in vectors))
        return landscape.surface(plane, {"train": loss}, num=3, store=tmp_path / file)["train"]

    whole = surface("cpu", "a")
    np.testing.assert_array_equal(surface("cuda:0", "a"), whole)
    np.testing.assert_array_equal(surface("cuda:0", "b"), whole)
    np.testing.assert_array_equal(surface("cpu", "b"), whole)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(("name", "shape"), OWN)
def test_a_map_waits_for_the_device_only_to_fetch_its_values(kernels, stack, draw, name, shape):
    net, vectors = stack(name, shape, width=2)
    loss = landscape.loss_of(net, functional.cross_entropy, *draw(12, *shape))
    plane = landscape.plane_through(*(loss.vector(v) for v in vectors))
    with kernels():  # the transfer of finished values to this machine's memory is no kernel
        if loss.is_ours:
            evaluate.evaluator(plane, {"train": loss})[0](np.array([[0.0, 0.0], [0.5, 0.1], [1.0, -1.0]]))
        else:  # one number a point is fetched, after all samples
            loss(plane.point(0.5, 0.1))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize(("name", "shape"), OWN)
def test_a_map_on_a_real_device(stack, draw, name, shape):
    net, vectors = stack(name, shape, width=2)
    inputs, targets = draw(12, *shape)
    found = []
    for device in ("cpu", "cuda"):
        loss = landscape.loss_of(net, functional.cross_entropy, inputs, targets, device=device)
        plane = landscape.plane_through(*(loss.vector(v) for v in vectors))
        found.append(landscape.surface(plane, {"train": loss}, num=(3, 4))["train"])
    np.testing.assert_allclose(*found, rtol=1e-3, atol=1e-4)  # float32 sums in another order


def test_nodes_are_chebyshevs_on_the_interval():
    found = _chebyshev(-3.0, 5.0, 9)
    assert found[0] == -3
    assert found[-1] == 5
    np.testing.assert_allclose(found, 1 - 4 * np.polynomial.chebyshev.chebpts2(9)[::-1], rtol=0, atol=1e-15 * 5)


@pytest.mark.parametrize("num", [3, 4, 24])
def test_matrix_interpolates_as_scipy_does(num):
    nodes = _chebyshev(-1, 1, num)
    values = np.exp(np.sin(5 * nodes))
    at = np.concatenate([np.linspace(-1, 1, 40), nodes])
    expected = BarycentricInterpolator(nodes, values)(at)
    # interpolation amplifies rounding by the Lebesgue constant, about 3 for 24 nodes
    np.testing.assert_allclose(_interpolation(at, num) @ values, expected, rtol=0, atol=1e-13)


def test_polynomials_are_exact_and_nodes_are_hit():
    at = np.random.default_rng(0).uniform(-1, 1, 50)
    nodes = _chebyshev(-1, 1, 8)
    np.testing.assert_allclose(_interpolation(at, 8) @ nodes**7, at**7, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(_interpolation(nodes, 8), np.eye(8))


def test_error_falls_exponentially_for_a_smooth_function():
    at = np.linspace(-1, 1, 101)
    errors = [np.abs(_interpolation(at, m) @ np.exp(_chebyshev(-1, 1, m)) - np.exp(at)).max() for m in (4, 8, 12)]
    assert errors[1] < 1e-3 * errors[0]
    assert errors[2] < 1e-3 * errors[1]
