import numpy as np
import pytest
import torch

from lrdecay_core.experiments.landscapes import views
from lrdecay_core.experiments.landscapes.views import GRID, LINE, Ends, Views, look

CENTRE = torch.tensor([0.3, -1.0, 2.0, 0.5, 0.1])
LOSSES = {
    "train": lambda v: (v * torch.arange(1.0, 6.0)).square().sum() + 0.1,
    "test": lambda v: (v - CENTRE).square().sum(),
}


@pytest.fixture(scope="module")
def ends():
    draw = torch.Generator().manual_seed(0)
    vectors = torch.randn(4, 5, generator=draw, dtype=torch.float64)
    return Ends(early=vectors[0], late=vectors[1], optima=(vectors[2], vectors[3]), losses=LOSSES)


@pytest.fixture(scope="module")
def view(ends):
    return look(ends)


def test_grid_holds_the_two_ends_and_the_line_both_of_them():
    for at in (0, 1):
        assert at in GRID[0].round(12)
        assert at in LINE.round(12)
    assert 0 in GRID[1].round(12)


def test_line_is_the_loss_between_the_ends(ends, view):
    for name, loss in LOSSES.items():
        expected = [float(loss(ends.early + t * (ends.late - ends.early))) for t in LINE]
        np.testing.assert_allclose(view.line[name][0], expected, rtol=1e-12)  # rounding of float64


@pytest.mark.parametrize("k", [0, 1])
def test_plane_is_the_loss_at_points_found_another_way(ends, view, k):
    along = (ends.late - ends.early).numpy()
    away = (ends.optima[k] - ends.early).numpy()
    q, r = np.linalg.qr(np.stack([along, away], axis=1))
    q = q * np.sign(np.diagonal(r))  # first axis towards L, second towards O
    unit = np.linalg.norm(along)
    for i, j in ((0, 0), (4, 10), (12, 10), (20, 3), (7, 20)):
        point = ends.early + torch.from_numpy(unit * (GRID[0][i] * q[:, 0] + GRID[1][j] * q[:, 1]))
        for name, loss in LOSSES.items():
            assert view.plane[name][0, k, i, j] == pytest.approx(float(loss(point)), rel=1e-9)  # rounding of QR
    np.testing.assert_allclose(view.optimum[0, k], q.T @ away / unit, rtol=1e-9)
    assert view.optimum[0, k, 1] > 0
    assert view.length[0] == pytest.approx(unit)


def test_ends_are_on_their_places_of_the_grid(ends, view):
    for name, loss in LOSSES.items():
        assert view.plane[name][0, 0, 4, 10] == pytest.approx(float(loss(ends.early)), rel=1e-9)
        assert view.plane[name][0, 1, 12, 10] == pytest.approx(float(loss(ends.late)), rel=1e-9)


def test_join_keeps_the_order(ends, view):
    other = look(Ends(early=ends.late, late=ends.early, optima=ends.optima, losses=LOSSES))
    both = Views.join([view, other])
    assert both.plane["test"].shape == (2, 2, len(GRID[0]), len(GRID[1]))
    np.testing.assert_array_equal(both.line["train"][1], other.line["train"][0])
    np.testing.assert_array_equal(both.optimum[0], view.optimum[0])
    assert both.length.tolist() == [view.length[0], other.length[0]]


def test_flat_arrays_make_the_view_again(view):
    again = Views.of(view.flat)
    for name in ("train", "test"):
        np.testing.assert_array_equal(again.line[name], view.line[name])
        np.testing.assert_array_equal(again.plane[name], view.plane[name])
    np.testing.assert_array_equal(again.optimum, view.optimum)
    np.testing.assert_array_equal(again.length, view.length)


def test_refuses(ends):
    with pytest.raises(ValueError, match="`losses` must be one of 'testing', 'train', got 'test'"):
        look(Ends(early=ends.early, late=ends.late, optima=ends.optima,
                  losses={"train": LOSSES["train"], "testing": LOSSES["test"]}))  # fmt: skip
    middle = (ends.early + ends.late) / 2
    with pytest.raises(ValueError, match="must not stand on one line"):
        look(Ends(early=ends.early, late=ends.late, optima=(middle, middle), losses=LOSSES))
    assert views.FOUND_FROM == ("late", "early")
