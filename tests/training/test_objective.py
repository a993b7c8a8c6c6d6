import pytest
import torch
from torch.nn import functional

from lrdecay_core.training import objective

CPU = torch.device("cpu")


def test_table_rows_are_distributions_with_the_stated_mean():
    table = objective.targets_table(4, 0.2, CPU)
    torch.testing.assert_close(table.sum(dim=1), torch.ones(4))
    torch.testing.assert_close(table[1], torch.tensor([0.05, 0.85, 0.05, 0.05]))


@pytest.mark.parametrize("loss", ["cross_entropy", "squared"])
def test_batch_loss_equals_torch_run_by_run(loss):
    logits = torch.randn(3, 5, 8, dtype=torch.float64)
    labels = torch.randint(5, (3, 8))
    targets = objective.targets_table(5, 0.1, CPU).double()[labels].transpose(1, 2)
    for r in range(3):
        if loss == "cross_entropy":
            expected = functional.cross_entropy(logits[r].T, labels[r], label_smoothing=0.1)
        else:
            expected = 0.5 * (logits[r] - targets[r]).square().sum() / 8
        torch.testing.assert_close(objective.batch_loss(loss, logits, targets)[r], expected, rtol=1e-7, atol=0)
        # float32 table entries set the 1e-7


@pytest.mark.parametrize("loss", ["cross_entropy", "squared"])
def test_excess_is_zero_exactly_at_the_best_logits(loss):
    targets = torch.rand(1, 5, 7, dtype=torch.float64).softmax(dim=1)
    best = targets.log() if loss == "cross_entropy" else targets
    assert objective.excess_loss(loss, best, targets).abs().max() < 1e-14  # rounding of 5 terms of order 1
    assert objective.excess_loss(loss, best + torch.randn(1, 5, 7), targets).min() > 1e-3


def test_excess_of_certain_labels_is_the_plain_loss():
    targets = torch.eye(5, dtype=torch.float64)[None]
    logits = torch.randn(1, 5, 5, dtype=torch.float64)
    torch.testing.assert_close(
        objective.excess_loss("cross_entropy", logits, targets), objective.batch_loss("cross_entropy", logits, targets)
    )


@pytest.mark.parametrize("loss", ["cross_entropy", "squared"])
def test_loss_and_gradient_equal_autograd_for_shared_targets(loss):
    logits = torch.randn(6, 5, 7, dtype=torch.float64, requires_grad=True)
    targets = torch.rand(2, 5, 7, dtype=torch.float64).softmax(dim=1)
    expected = objective.batch_loss(loss, logits, targets.repeat_interleave(3, dim=0))
    (gradient,) = torch.autograd.grad(7 * expected.sum(), logits)
    losses, found = objective.loss_and_gradient(loss, logits.detach(), targets)
    torch.testing.assert_close(losses, expected.detach(), rtol=0, atol=1e-14)  # means of 35 numbers of order one
    torch.testing.assert_close(found, gradient, rtol=0, atol=1e-14)


@pytest.mark.parametrize("loss", ["cross_entropy", "squared"])
def test_excess_of_shared_targets_is_that_of_repeated_ones(loss):
    logits, targets = torch.randn(3, 5, 7, dtype=torch.float64), torch.rand(5, 7, dtype=torch.float64).softmax(dim=0)
    repeated = objective.excess_loss(loss, logits, targets.expand(3, 5, 7))
    torch.testing.assert_close(objective.excess_loss(loss, logits, targets), repeated, rtol=0, atol=1e-14)
