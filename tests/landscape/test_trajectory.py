import numpy as np
import pytest
import torch

from lrdecay_core import landscape


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
