from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core import schedules
from lrdecay_core.experiments.model import equal_budget
from lrdecay_core.experiments.model.equal_budget import DENSE, MAIN, NO_NOISE_AFTER, TENTH, Budget
from lrdecay_core.experiments.model.setting import sparse_problem
from lrdecay_core.model import sgd

TINY = Budget(problems=(5, 6), replicas=2, decay_steps=(0, 30, 60), num_steps=60, early=0, late=30, record_every=20)


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_the_experiment_is_the_one_that_was_promised(profile):
    settings = equal_budget.budgets(profile)
    main = settings[MAIN]
    assert main.late == 5 / 8 * main.num_steps
    assert main.learning_rate == 10 * main.decayed_rate
    assert main.tail_noise
    assert main.decay_steps[-1] == main.num_steps
    assert any(7 / 8 * main.num_steps < t < main.num_steps for t in main.decay_steps)
    if profile == "book":
        assert len(main.problems) >= 20
        assert main.replicas >= 8


def test_variants_differ_from_the_main_experiment_in_what_they_say():
    settings = equal_budget.budgets("book")
    main = settings[MAIN]
    same = {"decay_steps": main.decay_steps, "record_every": main.record_every}
    assert replace(settings[NO_NOISE_AFTER], tail_noise=True, **same) == main
    assert replace(settings[DENSE], dense=False, **same) == main
    tenth = settings[TENTH]
    assert tenth.learning_rate == pytest.approx(main.learning_rate / 10)
    assert replace(tenth, learning_rate=0.04, decayed_rate=0.004, **same) == main


def test_losses_are_those_of_single_runs():
    found = equal_budget.run({"a": TINY, "b": replace(TINY, problems=(7,))}, workers=1)
    assert found["a"].test_loss.shape == (2, 3, 4, 2)
    assert found["b"].test_loss.shape == (1, 3, 4, 2)
    alone = sgd(
        sparse_problem(6),
        schedule=schedules.step_decay(learning_rate=0.04, decay_step=30, decayed=0.004),
        num_steps=60,
        batch_size=4,
        label_noise=2.0,
        init_scale=0.5,
        seeds=[1],
        record=[0, 20, 40, 60],
    )
    np.testing.assert_allclose(found["a"].test_loss[1, 1, :, 1], alone.test_loss[:, 0], rtol=1e-12)
    np.testing.assert_allclose(found["a"].train_loss[1, 1, :, 1], alone.train_loss[:, 0], rtol=1e-9)


def test_arms_agree_until_they_part():
    loss = equal_budget.run({"a": TINY}, workers=1)["a"].test_loss
    np.testing.assert_allclose(loss[:, 1, :2], loss[:, 2, :2], rtol=1e-13)  # rounding depends on the row of a product
    assert (loss[:, 1, 2:] != loss[:, 2, 2:]).all()


def test_noise_off_after_decay_changes_the_tail_alone():
    off = equal_budget.run({"a": replace(TINY, tail_noise=False)}, workers=1)["a"].test_loss
    on = equal_budget.run({"a": TINY}, workers=1)["a"].test_loss
    np.testing.assert_allclose(off[:, 1, :2], on[:, 1, :2], rtol=1e-13)
    assert (off[:, 1, 2:] != on[:, 1, 2:]).all()
    np.testing.assert_allclose(off[:, 2], on[:, 2], rtol=1e-12)


def test_description(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")
    settings = equal_budget.budgets()
    text = equal_budget.describe(settings)
    assert text.count("\n| ") == 4
    assert "| dense | 0.04 → 0.004 | 2 → 2 |" in text
    assert "| sparse | 0.04 → 0.004 | 2 → 0 |" in text
    assert "`book` profile" in text
