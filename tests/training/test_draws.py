from dataclasses import replace

import numpy as np
import torch

from lrdecay_core.training import draws

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
