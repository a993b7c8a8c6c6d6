import dataclasses

import numpy as np
import pytest

from lrdecay_core.model import Problem


def test_sparse_problem():
    problem = Problem.sparse(num_samples=7, num_features=19, sparsity=3, seed=5)
    assert problem.X.shape == (7, 19)
    assert problem.normalised
    np.testing.assert_array_equal(problem.beta_true, [1, -1, 1, *[0] * 16])
    np.testing.assert_array_equal(problem.y, problem.X @ problem.beta_true)
    np.testing.assert_array_equal(problem.X, Problem.sparse(num_samples=7, num_features=19, sparsity=1, seed=5).X)
    assert (problem.X != Problem.sparse(num_samples=7, num_features=19, sparsity=3, seed=6).X).all()


def test_label_errors_are_added_once_with_their_size():
    clean, wrong = (
        Problem.sparse(num_samples=300, num_features=301, sparsity=2, seed=1, label_errors=e) for e in (0, 0.5)
    )
    np.testing.assert_array_equal(clean.X, wrong.X)
    # the standard deviation of 300 Gaussian draws is known to 1 / sqrt(600), 4 percent; three of those
    assert np.std(wrong.y - clean.y) == pytest.approx(0.5, rel=0.12)


@pytest.mark.parametrize("magnitudes", ["equal", "gaussian", "power"])
def test_dense_problem(magnitudes):
    problem = Problem.dense(
        num_samples=7, num_features=19, seed=5, magnitudes=magnitudes, exponent=1.0, norm_squared=2.5
    )
    assert problem.beta_true @ problem.beta_true == pytest.approx(2.5)
    assert (problem.beta_true != 0).all()
    sizes = np.abs(problem.beta_true)
    if magnitudes == "equal":
        np.testing.assert_allclose(sizes, sizes[0])
    if magnitudes == "power":
        np.testing.assert_allclose(sizes * np.arange(1, 20), sizes[0])
    np.testing.assert_array_equal(problem.X, Problem.sparse(num_samples=7, num_features=19, sparsity=1, seed=5).X)


def test_losses_by_hand():
    problem = Problem([[1.0, 2.0, 0.5], [0.0, 1.0, 1.0]], [1.0, 2.0], [1.0, 0.0, 0.0])
    beta = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    np.testing.assert_allclose(problem.train_loss(beta), [(1 + 4) / 4, (4 + 1) / 4])
    np.testing.assert_allclose(problem.test_loss(beta), [0.5, 0.5])
    np.testing.assert_allclose(problem.column_weights, [0.5, 2.5, 0.625])
    assert not problem.normalised


def test_without_truth_test_loss_is_missing():
    problem = Problem([[1.0, 2.0]], [1.0])
    assert np.isnan(problem.test_loss(np.zeros(2)))


def test_three_dimensional_instance():
    problem = Problem.three_dimensional()
    assert problem.positive
    assert problem.normalised
    np.testing.assert_allclose(problem.X @ problem.beta_true, problem.y, atol=1e-15)
    other = dataclasses.replace(problem, beta_true=[2.0, 0.0, 1.0])  # the same data, another truth
    np.testing.assert_allclose(other.X @ other.beta_true, problem.y, atol=1e-15)
    assert other.positive


def test_arrays_are_copies_that_cannot_change():
    X = np.array([[1.0, 2.0]])
    problem = Problem(X, [1.0])
    X[0, 0] = 7
    assert problem.X[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        problem.X[0, 0] = 7


@pytest.mark.parametrize(
    ("X", "y", "truth", "message"),
    [
        ([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]], [1.0, 2.0], None, "`X` must have full row rank 2, got rank 1"),
        (np.eye(3), np.ones(3), None, "`X` must have fewer rows"),
        ([[1.0, np.nan]], [1.0], None, "`X` must be finite everywhere, got 1 NaN"),
        ([[1.0, 2.0]], [np.inf], None, "`y` must be finite everywhere"),
        ([[1.0, 0.0, 2.0]], [1.0], None, r"no zero column .*got zeros in \[1\]"),
        ([[1.0, 2.0]], [1.0, 2.0], None, "`y` must hold one label per row"),
        ([1.0, 2.0], [1.0], None, "`X` must have shape"),
        ([[1.0, 2.0]], [1.0], [1.0], r"`beta_true` must have shape \(2\), got \(1,\)"),
    ],
)
def test_refuses(X, y, truth, message):
    with pytest.raises(ValueError, match=message):
        Problem(X, y, truth)


def test_refuses_impossible_settings():
    with pytest.raises(ValueError, match="`sparsity` must be a whole number"):
        Problem.sparse(num_samples=3, num_features=5, sparsity=6, seed=0)
    with pytest.raises(ValueError, match="`label_errors` must be"):
        Problem.sparse(num_samples=3, num_features=5, sparsity=1, seed=0, label_errors=-1.0)
    with pytest.raises(ValueError, match="`magnitudes` must be one of"):
        Problem.dense(num_samples=3, num_features=5, seed=0, magnitudes="flat")
