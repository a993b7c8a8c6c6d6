"""Statistics of landscapes made up so that every number is known."""

import numpy as np
import pytest
from scipy import stats

from lrdecay_core.claims import likeness
from lrdecay_core.claims.mirror import BOUNDS
from lrdecay_core.experiments.landscapes.mirror import MODEL, Mirror, study
from lrdecay_core.experiments.landscapes.views import GRID, LINE, Views


def landscape(lowest, aspect=4.0):
    """Return views whose testing loss is a parabola around each of ``lowest`` and whose valley has that aspect."""
    a, b = np.meshgrid(*GRID, indexing="ij")
    profile = np.stack([(LINE - c) ** 2 + 0.1 for c in lowest])
    valley = np.broadcast_to((a - 0.5) ** 2 + (aspect * b) ** 2, (len(lowest), 2, *a.shape))
    bowls = np.stack([np.broadcast_to((a - c) ** 2 + b**2, (2, *a.shape)) for c in lowest])
    return Views(
        line={"train": np.ones_like(profile), "test": profile},
        plane={"train": valley, "test": bowls},
        optimum=np.zeros((len(lowest), 2, 2)),
        length=np.ones(len(lowest)),
    )


REFERENCE = likeness.profiles(landscape(np.array([1.6]))).mean(axis=0)
CENTRES = np.array([0.5, 0.53, 0.61])


def result(main):
    kinds = {"main": landscape(main), "unrelated": landscape(CENTRES), "small rate": landscape(CENTRES + 3)}
    return Mirror(study=study("quick"), views={MODEL: kinds, "net": kinds}, reasons={}, seconds=1.0)


def test_statistics_are_those_of_the_landscape():
    values = likeness.statistics(landscape(CENTRES, aspect=2.0), REFERENCE)
    np.testing.assert_allclose(values["t*"], CENTRES, atol=1e-9)  # a parabola is found exactly
    np.testing.assert_allclose(values["test drop"], 1 - (0.1 + (1 - CENTRES) ** 2) / (0.1 + CENTRES**2))
    np.testing.assert_allclose(values["falling share"], CENTRES, atol=0.051)  # a step of the line
    np.testing.assert_allclose(values["aspect, O from L"], 2, rtol=0.2)  # a valley five cells wide, known to one
    assert set(values) == set(likeness.STATISTICS) == set(BOUNDS)


def test_nearer_by_is_the_gain_over_the_best_line():
    t = LINE[likeness.AROUND]
    (own,) = likeness.profiles(landscape(np.array([1.4])))
    line = np.polynomial.Polynomial.fit(t, own, 1)(t)
    expected = np.sqrt(np.mean((own - line) ** 2)) - np.sqrt(np.mean((own - REFERENCE) ** 2))
    assert likeness.statistics(landscape(np.array([1.4])), REFERENCE)["nearer by"][0] == pytest.approx(expected)


def test_the_two_aspects_are_of_the_two_planes():
    views = landscape(CENTRES)
    views.plane["train"] = np.array(views.plane["train"])
    views.plane["train"][:, 1] = landscape(CENTRES, aspect=1.0).plane["train"][:, 1]
    values = likeness.statistics(views, REFERENCE)
    assert (values["aspect, O from L"] > 3).all()
    np.testing.assert_allclose(values["aspect, O from E"], 1, atol=0.1)  # cells of the grid


@pytest.mark.parametrize(("where", "end"), [(60.0, -1), (-7.0, 0)])
def test_minimum_beyond_the_line_counts_as_its_end(where, end):
    assert likeness.statistics(landscape(np.array([where])), REFERENCE)["t*"].tolist() == [LINE[end]]


def test_profiles_have_mean_0_and_deviation_1():
    curves = likeness.profiles(landscape(CENTRES))
    assert curves.shape == (3, likeness.AROUND.sum())
    np.testing.assert_allclose(LINE[likeness.AROUND][[0, -1]], [-0.25, 1.25])
    np.testing.assert_allclose([curves.mean(axis=1), curves.std(axis=1)], [[0] * 3, [1] * 3], atol=1e-12)  # rounding


def test_a_problem_of_the_model_is_held_against_the_others_and_a_network_against_all():
    main = np.array([1.6, 1.7, 3.0])
    table, curves = likeness.table(result(main)), likeness.profiles(landscape(main))
    for subject, reference in ((MODEL, curves[:2].mean(axis=0)), ("net", curves.mean(axis=0))):
        expected = likeness.statistics(landscape(main), reference)["nearer by"][2]
        assert table[subject]["main"]["nearer by"][2] == pytest.approx(expected)


def test_plane_correlation_is_of_ranks_with_the_mean_rank():
    outcome = result(np.array([1.6, 1.7, 3.0]))
    model = outcome.views[MODEL]["main"].plane["test"][:, 0].reshape(3, -1)
    ranks = np.array([stats.rankdata(row) for row in model])
    numbers = likeness.plane_correlations(outcome)
    mine = outcome.views["net"]["unrelated"].plane["test"][1, 0].ravel()
    expected = stats.spearmanr(mine, ranks.mean(axis=0)).statistic
    assert numbers["net"]["unrelated"]["test"][1] == pytest.approx(expected)
    rest = stats.spearmanr(ranks[0], ranks[1:].mean(axis=0)).statistic
    assert numbers[MODEL]["main"]["test"][0] == pytest.approx(rest)
