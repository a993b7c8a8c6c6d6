from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core import explorers
from lrdecay_core.experiments.model.second_model import ARMS, MatrixRuns, MatrixStudy
from lrdecay_core.explorers.spectra import SHOWN

STUDY = MatrixStudy(problems=(0, 1), replicas=2, size=4, num_samples=12, depths=(0.0, 1.0, 4.0))
SETTINGS = [{}, {"arm": 1, "decay": 625}, {"arm": 3, "decay": 0, "problem": 2}]


def made_up(study=STUDY):
    """Numbers that say which arm, problem and decay step they belong to."""
    draw = np.random.default_rng(0)
    shape = (len(ARMS), len(study.problems), len(study.depths))
    loss = draw.uniform(0.1, 1, (*shape, study.replicas))
    spectrum = np.sort(draw.uniform(0, 1, (*shape, study.size)))[..., ::-1] * np.array([1, 1, 0.2, 0.1])
    blank = np.zeros(shape[:2])
    return MatrixRuns(
        study=study, norm_ratio=1 + loss, test_loss=loss, train_loss=loss, imbalance=loss, spectrum=spectrum,
        least_test_loss=blank, least_gap=blank, seconds=1.0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def explorer():
    return explorers.spectra(made_up())


@pytest.mark.parametrize("values", SETTINGS)
def test_it_shows_the_run_it_names(explorer, values):
    runs, state = made_up(), explorer.state(**values)
    v = state.values
    row, p, k = ARMS.index(SHOWN[v["arm"]]), v["problem"] - 1, runs.study.steps(SHOWN[v["arm"]]).index(v["decay"])
    np.testing.assert_array_equal(state.spectrum, runs.spectrum[row, p, k])
    np.testing.assert_allclose(state.norm_ratio, runs.norm_ratio[row, p].mean(axis=-1))
    np.testing.assert_allclose(state.test_loss, runs.test_loss[row, p].mean(axis=-1))
    assert (state.truth > 0.1).sum() == (4 if v["arm"] == 3 else 2)  # full rank, or the study's rank


@pytest.mark.parametrize("values", SETTINGS)
def test_the_page_says_and_draws_the_same(node, explorer, values):
    state = explorer.state(**values)
    found = node(
        "const { computer, read } = await lib('spectra'); const s = computer(given.data)(given.values);"
        "return { words: read(s), ...s };",
        data=explorer.data,
        values=state.values,
    )
    assert found["words"] == explorer.read(state)
    for name, expected in (("spectrum", state.spectrum), ("norm", state.norm_ratio), ("truth", state.truth)):
        np.testing.assert_allclose(found[name], expected, rtol=1e-5)  # six digits are embedded


def test_the_words_count_singular_values(explorer):
    state = replace(explorer.state(), spectrum=np.array([1.0, 0.9, 0.11, 0.09]), truth=np.array([1.0, 1.0, 0.0, 0.0]))
    assert "Singular values above 0.1: 3, in the hidden matrix 2." in explorer.read(state)


def test_the_figure_shows_what_was_computed(explorer):
    state = explorer.state(decay=625)
    left, middle, right = explorer.draw(state).axes
    np.testing.assert_array_equal(left.lines[1].get_ydata(), state.spectrum)
    np.testing.assert_array_equal(middle.lines[0].get_ydata(), state.norm_ratio)
    np.testing.assert_array_equal(right.lines[1].get_xydata(), [[625, state.test_loss[1]]])


def test_one_problem_needs_no_slider():
    single = explorers.spectra(made_up(replace(STUDY, problems=(0,))))
    assert [c.key for c in single.controls] == ["decay", "arm"]
    assert single.read(single.state()).startswith("Decay at step 2,500, large rate:")
