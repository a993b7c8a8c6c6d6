from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.experiments.networks import schedules as network_schedules
from lrdecay_core.training import scheduled


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_shapes_stay_between_the_two_rates_and_end_at_the_small_one(profile):
    config = network_schedules.study(profile).config
    last = config.epochs * config.steps_per_epoch
    for name, shape in network_schedules.shapes(config).items():
        rates = shape(np.arange(last))
        assert rates.max() <= config.learning_rate * (1 + 1e-12)  # rounding of a sum
        assert rates.max() > 0.99 * config.learning_rate
        # within the last step of a line or a cycle
        assert rates[-1] == pytest.approx(config.decayed_rate, abs=2 * config.learning_rate / (last / 8)), name


def test_the_ruler_stands_first_and_its_sums_rise():
    config = replace(network_schedules.study("quick").config, epochs=8, num_train=100)
    found = network_schedules.run(network_schedules.Study(config=config, seeds=(3, 1, 7, 2)), workers=1)
    assert (np.diff(found.rates[: len(network_schedules.RULER)].sum(axis=1)) >= 0).all()
    assert found.test_error.shape == (len(found.names), 4)
    alone = scheduled(config, schedules=network_schedules.shapes(config), seeds=(3, 1, 7))
    np.testing.assert_array_equal(found.test_error[:, :3], alone.test_error)
    np.testing.assert_array_equal(found.rates, alone.rates)
