import numpy as np
import pytest

from lrdecay_core.landscape import mirror

T = np.linspace(-0.25, 1.25, 31)


def test_drop_is_a_share_of_the_early_loss():
    assert mirror.test_drop(2.0, 0.5) == 0.75
    assert mirror.test_drop(1.0, 3.0) == -2
    with pytest.raises(ValueError, match="`early` must be a finite number above 0"):
        mirror.test_drop(0.0, 1.0)


def test_decreasing_fraction_counts_steps_and_not_level_ones():
    assert mirror.decreasing_fraction([5, 4, 4, 3, 6]) == 0.5
    assert mirror.decreasing_fraction((1 - T) ** 2) == 25 / 30


@pytest.mark.parametrize("where", [-0.1, 0.33, 1.04])
def test_lowest_point_of_a_parabola_is_exact_on_any_grid(where):
    assert mirror.lowest_point(T, 3 * (T - where) ** 2 + 1) == pytest.approx(where, abs=1e-12)
    uneven = np.sort(np.random.default_rng(0).uniform(-0.25, 1.25, 40))
    assert mirror.lowest_point(uneven, (uneven - where) ** 2) == pytest.approx(where, abs=1e-12)


def test_a_minimum_beyond_the_line_is_not_put_on_its_end():
    assert mirror.lowest_point(T, -T) == np.inf
    assert mirror.lowest_point(T, T) == -np.inf


def test_rms_does_not_see_shift_and_scale():
    draw = np.random.default_rng(0)
    a, b = draw.standard_normal((2, 31))
    rho = np.corrcoef(a, b)[0, 1]
    assert mirror.profile_rms(a, 5 * b + 3) == pytest.approx(np.sqrt(2 - 2 * rho), abs=1e-14)
    assert mirror.profile_rms(a, 2 * a - 1) == pytest.approx(0, abs=1e-14)
    assert mirror.straight_rms(T, a) == pytest.approx(np.sqrt(1 - np.corrcoef(T, a)[0, 1] ** 2), abs=1e-14)
    assert mirror.straight_rms(T, 4 - 2 * T) == pytest.approx(0, abs=1e-14)


def test_a_bent_profile_is_nearer_a_bent_one_than_the_line():
    assert mirror.profile_rms((1 - T) ** 2, (1.1 - T) ** 2) < mirror.straight_rms(T, (1 - T) ** 2)


@pytest.mark.parametrize("angle", [0.0, 0.4, np.pi / 2])
def test_aspect_of_an_ellipse_at_any_angle(angle):
    alpha, beta = np.linspace(-2, 2, 161), np.linspace(-3, 3, 241)
    a, b = np.meshgrid(alpha, beta, indexing="ij")
    along, across = a * np.cos(angle) + b * np.sin(angle), b * np.cos(angle) - a * np.sin(angle)
    # a level set with axes 1 to 3 that lies inside the grid; its edge is known to one cell of 1/40
    found = mirror.valley_aspect(across**2 + (along / 3) ** 2, alpha, beta, share=0.05)
    assert found == pytest.approx(3, rel=0.03)
    assert mirror.valley_aspect(across**2 + along**2, alpha, beta) == pytest.approx(1, rel=0.02)


def test_aspect_counts_the_asked_share_and_keeps_infinite_points_out():
    values = np.full((5, 7), np.inf)
    values[1:3, 1:5] = 0  # 8 of 35 points: two rows, four columns
    found = mirror.valley_aspect(values, np.arange(5.0), np.arange(7.0), share=0.2)
    rows, cols = np.repeat([1, 2], 4), np.tile([1, 2, 3, 4], 2)
    assert found == pytest.approx(np.sqrt(np.var(cols) / np.var(rows)))


def test_relative_barrier():
    assert mirror.relative_barrier(0.5, [4.0, 6.0]) == 0.1
    with pytest.raises(ValueError, match="`around` must be finite everywhere, got 1 NaN or infinite"):
        mirror.relative_barrier(0.5, [4.0, np.inf])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mirror.decreasing_fraction([1, 2]), "`profile` must have at least 3 points, got 2"),
        (lambda: mirror.decreasing_fraction([1, 2, np.nan]), "`profile` must be finite"),
        (lambda: mirror.lowest_point(T[1:], T), r"`t` must have shape \(31\)"),
        (lambda: mirror.profile_rms(T, T[1:]), r"`other` must have shape \(31\), got \(30,\)"),
        (
            lambda: mirror.profile_rms(np.ones(5), T[:5]),
            "`profile` must vary along the line, got 1.0 everywhere",
        ),
        (lambda: mirror.valley_aspect(np.ones((3, 4)), T[:4], T[:3]), r"computed everywhere on \(4, 3\), got shape"),
        (lambda: mirror.valley_aspect(np.full((3, 4), np.nan), T[:3], T[:4]), "with 12 NaN"),
        (lambda: mirror.valley_aspect(np.arange(12.0).reshape(3, 4), T[:3], T[:4]), "a valley with a width"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()
