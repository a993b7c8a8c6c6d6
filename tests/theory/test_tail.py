import numpy as np
import pytest

from lrdecay_core import model, schedules, theory
from lrdecay_core.model import Problem


def test_tail_moves_the_scale_less_than_its_bound_and_residuals_fall_at_least_at_the_rate():
    problem = Problem.sparse(num_samples=8, num_features=20, sparsity=2, seed=0)
    trunk = model.sgd(
        problem,
        schedule=schedules.constant(0.04),
        num_steps=500,
        batch_size=4,
        label_noise=1.0,
        init_scale=0.5,
        seeds=range(6),
    )
    for rate in (0.02, 0.005):
        tail = model.sgd(
            problem,
            schedule=schedules.constant(rate),
            num_steps=int(300 / rate),
            batch_size=8,
            weights=trunk.final,
            seeds=range(6),
            record=[0, 50, 200, int(300 / rate)],
        )
        mu = theory.tail_rate(problem.X, tail.log_scale[-1])
        bound = theory.tail_drift_bound(trunk.train_loss[-1], mu, decayed_rate=rate)
        moved = np.abs(tail.log_scale[-1] - tail.log_scale[0]).max(axis=-1)
        assert (moved <= bound).all()
        assert (moved > 1e-3 * bound).all()
        # |r|^2 falls like e^(-2 mu t) along the flow; a discrete step is slower by a relative eta mu
        ceiling = tail.train_loss[0] * np.exp(-2 * mu * rate * tail.steps[:3, None] * (1 - rate))
        assert (tail.train_loss[:3] <= ceiling * (1 + 1e-9)).all()


def test_rate_by_hand():
    X = np.array([[1.0, 0.0, 1.0], [0.0, 2.0, 0.0]])
    assert theory.tail_rate(X, np.log([0.5, 1.0, 0.25])) == pytest.approx(0.75)  # (2/2) min(0.75, 4)
    with pytest.raises(ValueError, match="`decayed_rate` must be"):
        theory.tail_drift_bound(1.0, 1.0, decayed_rate=0.0)
