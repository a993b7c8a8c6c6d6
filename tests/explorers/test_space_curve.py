from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lrdecay_core import explorers, figures
from lrdecay_core.experiments.model import space_curve
from lrdecay_core.model import Problem
from lrdecay_core.theory import three_dimensional as exact


@pytest.fixture(scope="module")
def walk():
    setup = space_curve.Setup(learning_rate=0.02, num_steps=3000, decay_steps=(0, 1500, 3000), num_recorded=200)
    return space_curve.walk(setup)


@pytest.fixture(scope="module")
def explorer(walk):
    return explorers.space_curve(walk)


def test_the_dot_is_where_the_decayed_run_ends(walk, explorer):
    for k, step in enumerate(walk.setup.decay_steps):
        state = explorer.state(step=step)
        assert state.step == step
        # The runs decay to a small rate, the dot to a vanishing one: halving the rate halves what is between them.
        gaps = np.abs(walk.ends[:, k] - state.landing).max(axis=1)
        assert gaps[-1] < 0.02
        assert gaps[-1] < 0.7 * gaps[0]


def test_the_landing_is_a_training_minimum_with_the_loss_it_says(explorer):
    problem, state = Problem.three_dimensional(), explorer.state(step=2000)
    assert problem.train_loss(state.landing**2) < 1e-28
    assert problem.test_loss(state.landing**2) == pytest.approx(2 * state.position**2)
    np.testing.assert_array_equal(np.sign(state.landing), np.sign(state.weights[-1]))


def test_a_run_among_negative_weights_lands_among_them(walk):
    mirrored = explorers.space_curve(replace(walk, weights=walk.weights * [1, -1, 1])).state(step=2000)
    landing = explorers.space_curve(walk).state(step=2000).landing
    np.testing.assert_array_equal(mirrored.landing, landing * [1, -1, 1])


@pytest.mark.parametrize("values", [{}, {"step": 0}, {"step": 1234, "turn": -180, "tilt": 90}])
def test_the_page_says_the_same(node, explorer, values):
    state = explorer.state(**values)
    start = {c.key: c.value for c in explorer.controls}
    found = node(
        "const { computer, read } = await lib('space_curve'); const s = computer(given.data)(given.values);"
        "return { words: read(s), k: s.k };",
        data=explorer.data,
        values={**start, **values},
    )
    assert found["words"] == explorer.read(state)
    assert found["k"] == len(state.weights) - 1
    np.testing.assert_allclose(
        explorer.data["landings"][found["k"]], state.landing, rtol=5e-4
    )  # four digits are embedded


def test_the_projection_turns_and_keeps_lengths(node):
    points = np.random.default_rng(0).standard_normal((5, 3))
    found = np.array(
        node(
            "const { projection } = await lib('space_curve');"
            "return [[0, 0], [90, 0], [37, -21]].map(([a, e]) => given.points.map(projection(a, e)));",
            points=points.tolist(),
        )
    )
    np.testing.assert_allclose(found[0], points[:, [1, 2, 0]], atol=1e-15)  # from the front one sees w2 and w3
    np.testing.assert_allclose(found[1, :, 0], -points[:, 0], atol=1e-15)
    np.testing.assert_allclose((found[2] ** 2).sum(axis=1), (points**2).sum(axis=1), rtol=1e-14)
    assert np.linalg.det(np.linalg.lstsq(points, found[2], rcond=None)[0]) == pytest.approx(1)


def test_the_figure_shows_what_was_computed(explorer):
    state = explorer.state(step=1500)
    space, beside = explorer.draw(state).axes
    np.testing.assert_array_equal(np.array(space.lines[1].get_data_3d()).T, state.weights)
    np.testing.assert_array_equal(beside.lines[1].get_xydata(), [[1500, 2 * state.position**2]])
    np.testing.assert_allclose(np.array(space.lines[0].get_data_3d()).T[0], exact.curve(0.0))


def test_the_margins_are_fixed_in_the_books_style_too(explorer):
    with plt.rc_context():
        figures.use_style()  # which turns an automatic layout on; a warning would be an error
        figure = explorer.draw(explorer.state())
    assert figure.get_layout_engine() is None
