import itertools

import numpy as np
import pytest

from lrdecay_core import theory
from lrdecay_core.theory.gradient_noise import batch_mean_square


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("batch", [1, 2, 3, 4])
def test_by_enumerating_batches_and_signs(batch, replacement):
    draw = np.random.default_rng(0)
    X, r, sigma = draw.standard_normal((4, 6)), draw.standard_normal(4), 0.7
    chosen = itertools.product(range(4), repeat=batch) if replacement else itertools.combinations(range(4), batch)
    squares = [
        (X[list(B)].T @ (r[list(B)] - sigma * np.array(signs)) / batch) ** 2
        for B in chosen
        for signs in itertools.product([-1, 1], repeat=batch)
    ]
    found = theory.mean_squared_gradient(X, r, label_noise=sigma, batch_size=batch, replacement=replacement)
    np.testing.assert_allclose(found, np.mean(squares, axis=0), rtol=1e-12)  # a mean of up to 4096 terms


@pytest.mark.parametrize("replacement", [False, True])
def test_covariance_form_is_the_mean_over_residuals(replacement):
    draw = np.random.default_rng(1)
    X, roots = draw.standard_normal((4, 6)), draw.standard_normal((5, 4, 4))
    found = batch_mean_square(
        X, roots @ np.swapaxes(roots, 1, 2), batch_size=3, replacement=replacement
    )  # covariance R R^T is the sum over the columns of R
    columns = np.swapaxes(roots, 1, 2)
    each = theory.mean_squared_gradient(X, columns, label_noise=0.0, batch_size=3, replacement=replacement)
    np.testing.assert_allclose(found, each.sum(axis=1), rtol=1e-12)


def test_full_batch_has_the_full_gradient_only():
    draw = np.random.default_rng(2)
    X, r = draw.standard_normal((4, 6)), draw.standard_normal(4)
    found = theory.mean_squared_gradient(X, r, label_noise=0.0, batch_size=4)
    np.testing.assert_allclose(found, (r @ X / 4) ** 2, rtol=1e-12)


def test_refuses():
    with pytest.raises(ValueError, match="`batch_size` must be"):
        theory.mean_squared_gradient(np.ones((2, 3)), np.ones(2), label_noise=0.0, batch_size=3)
    with pytest.raises(ValueError, match="`label_noise` must be"):
        theory.mean_squared_gradient(np.ones((2, 3)), np.ones(2), label_noise=-1.0, batch_size=1)
