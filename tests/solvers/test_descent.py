from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from lrdecay_core import solvers

SCALE = torch.tensor([10.0, 3.0, 1.0, 0.3], dtype=torch.float64)
STARTS = torch.tensor([[1.0, 1, 1, 1], [0, 0, 0, 2], [1e-6, 0, 0, 0], [5, -3, 2, 8]], dtype=torch.float64)


def bowl(v):
    return (SCALE * v.square()).sum(dim=-1) / 2


def rosenbrock(v):
    return (1 - v[..., 0]).square() + 100 * (v[..., 1] - v[..., 0].square()).square()


@pytest.mark.parametrize("memory", [0, 10])
def test_reaches_the_minimum_of_a_bowl(memory):
    found = solvers.descend(bowl, STARTS, target=0, gradient_bound=1e-6, memory=memory)
    assert (found.gradient_norm <= 1e-6).all()
    assert set(found.reason) == {"gradient"}
    # |x| <= |gradient| / smallest curvature
    assert found.solution.norm(dim=1).max() <= 1e-6 / 0.3


def test_l_bfgs_finds_what_scipys_does_in_as_few_steps():
    start = np.array([-1.2, 1.0])
    found = solvers.descend(rosenbrock, start, target=0, gradient_bound=1e-8, memory=10, max_steps=200)
    theirs = minimize(
        lambda x: rosenbrock(torch.tensor(x)).item(), start, method="L-BFGS-B", options={"maxcor": 10, "gtol": 1e-8}
    )
    np.testing.assert_allclose(found.solution, theirs.x, atol=1e-4)  # theirs stops sooner, by its own rule for the loss
    assert found.steps < 2 * theirs.nit


@pytest.mark.parametrize("memory", [0, 1, 10])
def test_a_run_is_the_same_alone_and_in_a_batch(memory):
    options = {"target": 1e-3, "gradient_bound": 1e-4, "memory": memory}
    batch = solvers.descend(bowl, STARTS, **options)
    for k, start in enumerate(STARTS):
        for alone in (solvers.descend(bowl, start, **options), solvers.descend(bowl, start[None], **options)):
            # sums over four entries may be taken in another order
            torch.testing.assert_close(alone.solution.reshape(4), batch.solution[k], rtol=0, atol=1e-12)
            assert alone.steps == batch.steps[k]
            assert alone.reason == batch.reason[k]
    assert alone.solution.shape == (1, 4)
    assert solvers.descend(bowl, STARTS[0], **options).loss.shape == ()


def test_every_reason_and_its_numbers():
    found = solvers.descend(bowl, STARTS, target=0.5, gradient_bound=1e-4, max_steps=50)
    assert found.reason.tolist() == ["loss", "loss", "gradient", "loss"]
    assert found.steps[2] == 0
    assert (found.loss[[0, 1, 3]] <= 0.5 * found.start_loss[[0, 1, 3]]).all()
    np.testing.assert_allclose(found.start_loss, bowl(STARTS))
    np.testing.assert_allclose(found.loss, bowl(found.solution))
    np.testing.assert_allclose(found.gradient_norm, (SCALE * found.solution).norm(dim=1))
    short = solvers.descend(rosenbrock, torch.tensor([-1.2, 1.0]), target=0, max_steps=3)
    assert short.reason == "steps"
    assert short.steps == 3
    zero = solvers.descend(bowl, torch.zeros(4, dtype=torch.float64), gradient_bound=0)
    assert zero.reason == "loss"
    assert solvers.descend(bowl, torch.zeros(4, dtype=torch.float64), target=0).reason == "gradient"
    stuck = solvers.descend(lambda v: v.abs().sum() + 1, torch.tensor([0.1, 0.2]), target=0, gradient_bound=0)
    assert stuck.reason == "stalled"


def test_a_goal_reached_by_the_last_step_is_a_goal_reached():
    steps = int(solvers.descend(bowl, STARTS[0]).steps)
    assert solvers.descend(bowl, STARTS[0], max_steps=steps).reason == "loss"
    assert solvers.descend(bowl, STARTS[0], max_steps=steps - 1).reason == "steps"


def test_each_step_lowers_the_loss():
    losses = [
        float(solvers.descend(rosenbrock, torch.tensor([-1.2, 1.0]), target=0, max_steps=k, memory=5).loss)
        for k in range(1, 15)
    ]
    assert all(b < a for a, b in pairwise(losses))


def test_steepest_descent_follows_the_flow():
    """From (1, 1) on a bowl with curvatures 1 and 4 the flow has y = x^4."""
    scale = torch.tensor([1.0, 4.0], dtype=torch.float64)
    found = solvers.descend(lambda v: (scale * v**2).sum() / 2 * 1e-3, torch.ones(2, dtype=torch.float64), target=0.5)
    x, y = found.solution.tolist()
    assert 0 < y < x


def test_a_loss_that_is_not_finite_further_on_is_backed_out_of():
    def walled(v):
        return torch.where(v[0] < 1, -torch.log(1 - v[0]) - 3 * v[0], torch.nan)

    found = solvers.descend(walled, torch.zeros(1, dtype=torch.float64), target=0, gradient_bound=1e-6, memory=3)
    assert found.reason == "gradient"
    assert float(found.solution) == pytest.approx(2 / 3, abs=1e-6)


def test_rows_that_are_done_are_not_evaluated():
    sizes = []

    def counted(v):
        sizes.append(len(v))
        return bowl(v)

    solvers.descend(counted, STARTS, target=0, gradient_bound=1e-4)
    assert sizes[0] == 4
    assert max(sizes[1:]) == 3  # the third start is at its goal


@pytest.mark.parametrize(
    ("loss", "start", "options", "message"),
    [
        (bowl, STARTS, {"target": 1.0}, r"`target` must be a number in \[0, 1\)"),
        (lambda v: bowl(v) - 1e4, STARTS, {}, "`target` must be 0 where a loss starts below 0"),
        (bowl, STARTS, {"gradient_bound": -1}, "`gradient_bound` must be"),
        (bowl, STARTS, {"max_steps": 0}, "`max_steps` must be a whole number at least 1"),
        (bowl, STARTS, {"memory": -1}, "`memory` must be"),
        (bowl, STARTS[None], {}, r"`start` must be \(P,\) or \(R, P\) in floating point, got \(1, 4, 4\)"),
        (lambda v: v.sum(), STARTS, {}, r"`loss` must return one number per row of `start`, \(4,\), got \(\)"),
        (lambda v: v, STARTS[0], {}, r"`loss` must return one number per row"),
        (lambda v: v.detach().sum(), STARTS[0], {}, "`loss` must depend on its vector by differentiable torch"),
        (lambda v: v.sum() / 0, STARTS[0], {}, "`loss` must be finite with a finite gradient at `start`"),
    ],
)
def test_refuses(loss, start, options, message):
    with pytest.raises(ValueError, match=message):
        solvers.descend(loss, start, **options)
