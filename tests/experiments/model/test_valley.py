from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core import model, schedules
from lrdecay_core.experiments.model import valley

SMALL = replace(valley.setup("quick"), num_steps=400, decay_steps=(20, 200, 400), seeds=(0, 1, 2))


def test_profiles_differ_in_the_number_of_seeds_alone():
    quick, book = valley.setup("quick"), valley.setup("book")
    assert replace(quick, seeds=book.seeds) == book
    assert len(book.seeds) > len(quick.seeds)
    assert book.decay_steps[-1] == book.num_steps  # the last arm never decays


def test_controls_differ_from_the_main_arm_in_one_setting_each():
    main, tenth, quiet = valley.arms(valley.setup("book")).values()
    assert replace(tenth, learning_rate=main.learning_rate) == main
    assert tenth.learning_rate == pytest.approx(main.learning_rate / 10)
    assert replace(quiet, label_noise=main.label_noise) == main
    assert quiet.label_noise == 0


def test_identities_hold_at_every_step_also_across_blocks_of_random_numbers():
    found = valley.identities(SMALL, rates=(0.02, 0.1), num_steps=1500)
    assert list(found) == [0.02, 0.1]
    for residuals in (r for one in found.values() for r in vars(one).values()):
        assert residuals.shape == (1500,)
        assert residuals.max() < 1e-13  # a few roundings of numbers of order one


def test_a_wrong_rate_would_break_the_identities(monkeypatch):
    constant = schedules.constant
    monkeypatch.setattr(schedules, "constant", lambda rates: constant(1.001 * np.array(rates)))
    assert valley.identities(SMALL, rates=(0.04,), num_steps=50)[0.04].beta.max() > 1e-6


def test_decays_equal_runs_made_alone():
    found = valley.decays(SMALL)
    alone = model.sgd(
        valley.problem(SMALL),
        schedule=schedules.step_decay(learning_rate=0.04, decay_step=200, decayed=0.004),
        num_steps=400,
        batch_size=4,
        label_noise=2.0,
        init_scale=0.5,
        seeds=[1],
    )
    np.testing.assert_allclose(found.test_loss[-1, 1, 1], alone.test_loss[0, 0], rtol=1e-10)
    np.testing.assert_allclose(found.lost[-1, 1, 1], (np.log(0.5) - alone.log_scale).mean(), rtol=1e-10)


def test_arms_share_the_path_up_to_their_decay_and_lose_scale_ever_after():
    found = valley.decays(SMALL)
    before = found.steps <= 20
    np.testing.assert_allclose(found.train_loss[before, 0], found.train_loss[before, 2], rtol=1e-10)
    assert (np.diff(found.lost, axis=0) >= 0).all()
    assert (found.lost[-1, 2] > found.lost[-1, 0]).all()


def test_gain_compares_the_earliest_decay_with_the_last_but_one():
    found = valley.decays(SMALL)
    np.testing.assert_allclose(found.gain, np.log(found.test_loss[-1, 0] / found.test_loss[-1, 1]))


def test_plateau_falls_with_the_rate_and_is_missing_without_noise():
    found = valley.decays(SMALL)
    after = found.steps > 20
    norm = found.norm_squared[after, 0].mean(axis=1)
    np.testing.assert_allclose(found.plateau(0)[after], 0.004 * 2.0**2 / (4 * 4) * norm)
    assert np.isnan(valley.decays(replace(SMALL, label_noise=0.0)).plateau(0)).all()


def test_descriptions_have_a_row_per_decay_and_per_identity():
    text = valley.describe_decays(valley.decays(SMALL))
    assert [line.split("|")[1].strip() for line in text.splitlines()[2:5]] == ["20", "200", "400"]
    table = valley.describe_identities(valley.identities(SMALL, rates=(0.04,), num_steps=20))
    assert table.count("\n| (C") == 5
    assert "20 noisy steps" in table
