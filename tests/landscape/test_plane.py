import numpy as np
import pytest
import torch
from torch import nn

from lrdecay_core import landscape


def three(num=50, dtype=torch.float32, seed=0):
    return torch.randn(3, num, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def test_anchors_map_to_themselves():
    anchors = three()
    plane = landscape.plane_through(*anchors)
    for anchor, where in zip(anchors, plane.anchors, strict=True):
        assert torch.equal(plane.point(*where), anchor)  # float64 inside, so rounding gives the float32 back
        np.testing.assert_allclose(plane.coords(anchor), where, rtol=0, atol=1e-14 * 10)  # lengths of order 10
    assert plane.distance(anchors).max() <= 1e-13


def test_axes_are_orthonormal_and_distances_are_distances():
    a, b, c = three(dtype=torch.float64)
    plane = landscape.plane_through(a, b, c)
    np.testing.assert_allclose(plane.basis @ plane.basis.T, np.eye(2), rtol=0, atol=1e-15)
    np.testing.assert_allclose(plane.anchors[0], 0)
    np.testing.assert_allclose(plane.anchors[1], [(b - a).norm(), 0], rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(np.linalg.norm(plane.anchors[2]), (c - a).norm(), rtol=1e-14)
    assert plane.anchors[2, 1] > 0
    assert (plane.box == [[plane.anchors[:, i].min(), plane.anchors[:, i].max()] for i in (0, 1)]).all()


def test_nearly_parallel_anchors_keep_a_right_angle():
    a, b, c = three(dtype=torch.float64)
    basis = landscape.plane_through(a, b, a + 2 * (b - a) + 1e-5 * (c - a)).basis
    assert abs(float(basis[0] @ basis[1])) <= 1e-15


def test_coordinates_are_those_of_least_squares():
    plane = landscape.plane_along(*three(7, torch.float64))
    vectors = three(7, torch.float64, seed=1).reshape(3, 1, 7)
    basis, rest = plane.basis.T.numpy(), (vectors[:, 0] - plane.origin).T.numpy()
    expected, squares, *_ = np.linalg.lstsq(basis, rest)
    np.testing.assert_allclose(plane.coords(vectors)[:, 0], expected.T, rtol=0, atol=1e-14)
    np.testing.assert_allclose(plane.distance(vectors)[:, 0], np.sqrt(squares), rtol=1e-14)


def test_points_come_in_any_shape():
    plane = landscape.plane_along(torch.zeros(3), *torch.eye(3)[:2] * 2)
    points = plane.point(np.array([[1.0], [2.0]]), np.array([0.0, 5.0, 7.0]))
    assert points.shape == (2, 3, 3)
    assert points.dtype == torch.float32
    assert points[1, 2].tolist() == [4, 14, 0]
    assert plane.point(1, 0.5).tolist() == [2, 1, 0]


def test_modules_and_state_dicts(tied, draw):
    by_module = landscape.plane_through(*tied)
    loss = landscape.loss_of(tied[0], nn.functional.cross_entropy, *draw(9, 4), batch_norm="eval")
    by_dict = landscape.plane_through(*(net.state_dict() for net in tied), layout=loss.layout)
    by_vector = landscape.plane_through(*(loss.vector(net) for net in tied))
    for other in (by_dict, by_vector):
        assert torch.equal(by_module.basis, other.basis)
    mixed = landscape.plane_through(loss.vector(tied[0]), tied[1], tied[2].state_dict())
    assert torch.equal(by_module.basis, mixed.basis)


E = torch.eye(4)


@pytest.mark.parametrize(
    ("anchors", "message"),
    [
        ((E[0], E[0], E[1]), "`a` and `b` must differ, got a difference of length 0.0e"),
        ((E[0], E[1], E[1]), "`a`, `b` and `c` must not stand on one line"),
        ((E[0], E[1], E[0]), "`a`, `b` and `c` must not stand on one line"),
        ((100 * E[0] + E[1], 101 * E[0] + E[1], 100.3 * E[0] + E[1]), "must not stand on one line"),
        ((E[0], E[1], torch.ones(5)), r"`a`, `b`, `c` must have one length, got \[4, 4, 5\]"),
        ((nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 3)), r"`c` must have a parameter weight of shape \(2, 2\)"),
        ((E[0], E[1], E[2] * torch.inf), "`c` must be finite"),
    ],
)
def test_refuses_anchors(anchors, message):
    with pytest.raises(ValueError, match=message):
        landscape.plane_through(*anchors)


def test_a_line_blurred_by_rounding_is_still_a_line():
    a, b, _ = three(1000)
    b = a + 1e-3 * b  # anchors near one another: rounding is 1e-4 of their distance
    with pytest.raises(ValueError, match="must not stand on one line"):
        landscape.plane_through(a, b, a.lerp(b, 0.37))


@pytest.mark.parametrize(
    ("directions", "message"),
    [
        ((0 * E[0], E[1]), "`first` must not be zero"),
        ((E[0], 3 * E[0]), "`second` must not be zero or a multiple of `first`"),
        ((E[0], 0 * E[1]), "`second` must not be zero"),
        ((E[0], torch.ones(5)), r"must have 4 entries, got \[4, 5\]"),
    ],
)
def test_refuses_directions(directions, message):
    with pytest.raises(ValueError, match=message):
        landscape.plane_along(E[3], *directions)


def test_refuses_vectors_of_another_length():
    with pytest.raises(ValueError, match=r"`vectors` must end in 4 entries, got shape \(2, 3\)"):
        landscape.plane_along(*E[:3]).coords(torch.zeros(2, 3))


def test_projection_and_residual_make_up_the_way():
    draw = torch.Generator().manual_seed(0)
    anchors, weights = torch.randn(3, 40, generator=draw), torch.randn(6, 40, generator=draw)
    plane = landscape.plane_through(*anchors)
    found = landscape.project(plane, weights.numpy())
    assert found.coords.shape == (6, 2)
    way = (weights.double() - anchors[0]).norm(dim=1)
    np.testing.assert_allclose((found.coords**2).sum(axis=1) + found.distance**2, way**2, rtol=1e-13)  # Pythagoras
    on = landscape.project(plane, anchors)
    np.testing.assert_allclose(on.distance, 0, atol=1e-13)
    np.testing.assert_allclose(on.coords, plane.anchors, atol=1e-13)


def test_motion_along_against_excursion_across():
    ends = np.array([[0.0, 0], [3, 0], [9, 0]])
    trunk = ends + np.array([[0, 1.0], [0, 2], [0, -1]])
    found = landscape.motion(ends, trunk)
    np.testing.assert_array_equal(found.excursion, [1, 2, 1])
    np.testing.assert_array_equal(found.between, [[0, 3, 9], [3, 0, 6], [9, 6, 0]])
    assert found.ratio == 4.5


@pytest.mark.parametrize(
    ("ends", "trunk", "message"),
    [
        (np.ones((1, 3)), np.zeros((1, 3)), "D at least 2"),
        (np.ones((2, 3)), np.zeros((2, 4)), r"got \(2, 3\) and \(2, 4\)"),
        (np.ones((2, 3)), np.ones((2, 3)), "`ends` must differ from `trunk`"),
    ],
)
def test_refuses(ends, trunk, message):
    with pytest.raises(ValueError, match=message):
        landscape.motion(ends, trunk)
