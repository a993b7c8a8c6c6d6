from dataclasses import replace

import numpy as np
import pytest
import torch

from lrdecay_core import data, networks, rng
from lrdecay_core.training import TrainConfig, branches, draws

CPU = torch.device("cpu")
LABELS = np.tile(np.arange(10), 400)


def draw(config, seeds, epoch=2):
    given = np.stack([LABELS] * len(seeds))
    return draws.draw_epoch(config, seeds, epoch, given, (2,), 10, CPU)


def test_a_seed_draws_the_same_alone_and_in_company(config):
    alone, company = draw(config, [5]), draw(config, [3, 5, 9])
    for a, b in zip(
        (alone.order, alone.labels, alone.noise), (company.order, company.labels, company.noise), strict=True
    ):
        assert torch.equal(a[0], b[1])


def test_epochs_differ(config):
    assert not torch.equal(draw(config, [5], 2).order, draw(config, [5], 3).order)


def test_order_visits_every_sample_once(config):
    assert torch.equal(draw(config, [5]).order[0].sort().values, torch.arange(4000))


def test_label_noise_is_uniform_replacement(config):
    labels = draw(replace(config, label_noise=0.5), [5]).labels[0].numpy()
    changed = (labels != LABELS).mean()
    # Replaced with probability 1/2, by the same class one time in ten: 0.45; five standard deviations of 4,000 draws.
    assert abs(changed - 0.45) < 5 * np.sqrt(0.45 * 0.55 / 4000)
    assert np.bincount(labels[labels != LABELS], minlength=10).min() > 120  # 180 expected


def test_input_noise_has_its_standard_deviation(config):
    noise = draw(replace(config, input_noise=0.3), [5]).noise
    assert noise.shape == (1, 4000, 2)
    assert abs(float(noise.std()) / 0.3 - 1) < 5 / np.sqrt(2 * 8000)


def test_corruption_moves_exactly_its_share_to_other_classes(config):
    given = draws.corrupted_labels(replace(config, label_corruption=0.2), 4, LABELS, 10)
    assert (given != LABELS).sum() == 800
    assert (draws.corrupted_labels(replace(config, label_corruption=0.0), 4, LABELS, 10) == LABELS).all()


def by_hand(image, top, left, mirrored):
    """One image, one pixel at a time."""
    channels, height, width = image.shape
    out = np.zeros_like(image)
    for c in range(channels):
        for i in range(height):
            for j in range(width):
                y, x = i + top - 4, (width - 1 - j if mirrored else j) + left - 4
                if 0 <= y < height and 0 <= x < width:
                    out[c, i, j] = image[c, y, x]
    return out


def test_every_pixel_goes_where_it_should():
    moves = draws.draw_moves(rng.stream(0, "augment test"), 40)
    images = np.random.default_rng(0).standard_normal((40, 3, 6, 9)).astype(np.float32)
    expected = np.stack([by_hand(image, *m) for image, m in zip(images, moves, strict=True)])
    found = draws.move(torch.as_tensor(images), torch.as_tensor(moves))
    np.testing.assert_array_equal(found.numpy(), expected)
    shaped = draws.move(torch.as_tensor(images).unflatten(0, (5, 8)), torch.as_tensor(moves).unflatten(0, (5, 8)))
    np.testing.assert_array_equal(shaped.flatten(0, 1).numpy(), expected)
    grey = draws.move(torch.as_tensor(images[:, 0]), torch.as_tensor(moves))
    np.testing.assert_array_equal(grey.numpy(), expected[:, 0])


def test_moves_are_uniform():
    moves = draws.draw_moves(rng.stream(1, "augment test"), 90_000)
    for column, values in ((0, 9), (1, 9), (2, 2)):
        counts = np.bincount(moves[:, column], minlength=values)
        assert len(counts) == values
        share = 1 / values
        # five standard deviations of a binomial count
        assert (abs(counts - 90_000 * share) < 5 * np.sqrt(90_000 * share * (1 - share))).all()
    assert abs(np.corrcoef(moves.T) - np.eye(3)).max() < 5 / np.sqrt(90_000)


def test_on_the_device_without_a_wait(kernels):
    images, moves = torch.randn(4, 3, 8, 8), torch.as_tensor(draws.draw_moves(rng.stream(0, "augment test"), 4))
    expected = draws.move(images, moves)
    with torch.device("meta"):  # poison: whatever does not name its device lands there
        found = draws.move(images, moves)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    with kernels():
        draws.move(images, moves)


CONFIG = TrainConfig(
    network="cnn2d",
    dataset="digits",
    loss="cross_entropy",
    learning_rate=0.1,
    decayed_rate=0.01,
    batch_size=10,
    epochs=3,
    num_train=60,
    width=3,
    augment=True,
)


def test_training_sees_moved_images_and_tests_on_whole_ones():
    """The first epoch by hand: autograd on the images of the draws."""
    runs = branches(CONFIG, decay_epochs=[3], seeds=[1, 2], trunk_epochs=[1])
    net = networks.build("cnn2d", input_shape=(8, 8), num_classes=10, width=3, seed=2)
    ds = data.load("digits")
    moves = draws.draw_moves(rng.stream(2, "augmentation", 0), 60)
    images = np.stack([by_hand(x[None], *m)[0] for x, m in zip(ds.train.inputs[:60], moves, strict=True)])
    order = rng.stream(2, "batch order", 0).permutation(60)
    for part in order.reshape(6, 10):
        loss = torch.nn.functional.cross_entropy(
            net(torch.as_tensor(images[part])), torch.as_tensor(ds.train.targets[part])
        )
        net.zero_grad()
        loss.backward()
        with torch.no_grad():
            for p in net.parameters():
                p -= 0.1 * p.grad
    ours = torch.nn.utils.parameters_to_vector(net.parameters()).detach().numpy()
    # float32, six steps, sums in another order
    np.testing.assert_allclose(runs.trunk[0, 1], ours, rtol=0, atol=2e-6)


def test_signals_cannot_be_moved():
    with pytest.raises(ValueError, match="`augment` must be True or False, and False unless inputs are images"):
        TrainConfig(**{**CONFIG.__dict__, "dataset": "mnist1d", "network": "mlp"})
    with pytest.raises(ValueError, match="`augment`"):
        TrainConfig(**{**CONFIG.__dict__, "augment": 1})
