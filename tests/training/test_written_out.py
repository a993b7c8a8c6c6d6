from dataclasses import replace

import pytest
import torch

from lrdecay_core import data
from lrdecay_core.training import Ensemble, autograd, written_out

CPU = torch.device("cpu")


def both(config, network, seeds=range(4)):
    config = replace(config, network=network, width=None)
    dataset = data.load("mnist1d" if network == "cnn1d" else "digits")
    engines = (autograd.Autograd, written_out.WrittenOut)
    return dataset, [Ensemble(config, dataset, seeds, CPU, engine=engine) for engine in engines]


@pytest.mark.parametrize("network", ["mlp", "cnn1d", "cnn2d"])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared"])
@pytest.mark.parametrize("plain", [True, False])
# float32: 40 updates of weights of order 0.3, each rounded at 3e-8. float64: gradients of order one, rounded at 1e-16.
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 5e-6), (torch.float64, 1e-14)])
def test_forty_steps_equal_autograd(config, network, loss, plain, dtype, tolerance):
    config = replace(config, loss=loss, **({"momentum": 0.0, "weight_decay": 0.0} if plain else {}))
    dataset, ensembles = both(config, network)
    inputs = torch.as_tensor(dataset.train.inputs, dtype=dtype)
    samples = [ensemble.prepare(inputs) for ensemble in ensembles]
    for ensemble in ensembles:
        ensemble.weights, ensemble.momentum = ensemble.weights.to(dtype), ensemble.momentum.to(dtype)
    labels, table = torch.as_tensor(dataset.train.targets), torch.eye(10, dtype=dtype)
    rates = torch.tensor([[0.1], [0.02], [0.1], [0.05]], dtype=dtype)
    generator = torch.Generator().manual_seed(0)
    for _ in range(40):
        batch = torch.randint(1000, (2, 7), generator=generator)  # shared by two rows each
        first, second = (
            e.step(s[batch], table[labels[batch]].mT, rates) for e, s in zip(ensembles, samples, strict=True)
        )
        torch.testing.assert_close(first, second, rtol=0, atol=10 * tolerance)
    torch.testing.assert_close(ensembles[1].weights, ensembles[0].weights, rtol=0, atol=tolerance)
    torch.testing.assert_close(ensembles[1].momentum * (not plain), ensembles[0].momentum, rtol=0, atol=10 * tolerance)
    logits = [ensemble.engine.logits(inputs[:300]) for ensemble in ensembles]
    torch.testing.assert_close(logits[1], logits[0], rtol=0, atol=100 * tolerance)  # sums of 100 weights


def test_blocks_of_rows_equal_the_whole(config, monkeypatch):
    found = []
    for stepped in (1, 30, 10_000):  # one group, two groups with a rest, all three
        monkeypatch.setattr(written_out, "STEPPED", stepped)
        _, (_, ensemble) = both(config, "cnn2d", seeds=range(6))
        inputs = ensemble.prepare(torch.linspace(0, 1, 3 * 7 * 64).view(21, 8, 8)).unflatten(0, (3, 7))
        targets = torch.eye(10)[torch.arange(21).view(3, 7) % 10].mT
        losses = ensemble.step(inputs, targets, torch.full((6, 1), 0.1))
        found.append((losses, ensemble.weights))
    for losses, weights in found[1:]:
        torch.testing.assert_close(losses, found[0][0], rtol=0, atol=1e-6)  # float32, sums in another order
        torch.testing.assert_close(weights, found[0][1], rtol=0, atol=1e-7)


def test_weights_set_are_weights_read(config):
    _, (_, ensemble) = both(config, "cnn1d")
    for name in ("weights", "momentum"):
        values = torch.randn_like(ensemble.weights)
        setattr(ensemble, name, values)
        assert torch.equal(getattr(ensemble, name), values)


def test_a_row_that_diverges_leaves_the_others_alone(config):
    _, (plain, ensemble) = both(config, "cnn2d")
    inputs = torch.rand(28, 8, 8)
    targets = torch.eye(10)[torch.arange(28).view(4, 7) % 10].mT
    rates = torch.full((4, 1), 0.1)
    for e in (plain, ensemble):
        weights = e.weights.clone()
        weights[1] = torch.inf
        e.weights = weights
        losses = e.step(e.prepare(inputs).unflatten(0, (4, 7)), targets, rates)
        assert losses.isfinite().tolist() == [True, False, True, True]
    rows = [0, 2, 3]
    torch.testing.assert_close(ensemble.weights[rows], plain.weights[rows], rtol=0, atol=1e-6)


def test_another_optimiser_is_refused_in_words(config):
    with pytest.raises(ValueError, match="`optimiser` must be 'sgd' for the written-out engine, got 'nesterov'"):
        both(replace(config, optimiser="nesterov"), "mlp")
