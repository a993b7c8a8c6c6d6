import pickle

import numpy as np
import pytest

from lrdecay_core import schedules

STEPS = np.arange(12)


def test_step_decay_changes_exactly_at_its_step():
    rates = schedules.step_decay(learning_rate=0.4, decay_step=3, decayed=0.1)(STEPS)
    np.testing.assert_array_equal(rates, np.where(STEPS < 3, 0.4, 0.1))


def test_one_value_per_run_equals_the_runs_alone():
    decays, rates = np.array([0, 3, 12]), np.array([0.1, 0.2, 0.3])
    table = schedules.step_decay(learning_rate=rates, decay_step=decays, decayed=0.01)(STEPS)
    assert table.shape == (12, 3)
    for r in range(3):
        alone = schedules.step_decay(learning_rate=rates[r], decay_step=int(decays[r]), decayed=0.01)
        np.testing.assert_array_equal(table[:, r], alone(STEPS))
        np.testing.assert_array_equal([alone(k) for k in STEPS], alone(STEPS))


@pytest.mark.parametrize("shape", [schedules.linear, schedules.cosine])
def test_ramps_start_end_and_stay(shape):
    rates = shape(learning_rate=0.4, num_steps=10, final=0.2)(STEPS)
    assert rates[0] == 0.4
    np.testing.assert_allclose(rates[5], 0.3, rtol=1e-15)  # the middle of both shapes; one rounding
    np.testing.assert_allclose(rates[10:], 0.2, rtol=1e-15)
    assert (np.diff(rates[:11]) < 0).all()


def test_cosine_has_its_formula():
    rates = schedules.cosine(learning_rate=1.0, num_steps=8)(np.array([2]))
    np.testing.assert_allclose(rates, (1 + np.cos(np.pi / 4)) / 2, rtol=1e-15)


def test_cyclic_is_a_triangle_wave():
    rates = schedules.cyclic(low=0.1, high=0.5, period=4)(STEPS)
    np.testing.assert_allclose(rates, np.tile([0.1, 0.3, 0.5, 0.3], 3), rtol=1e-15)


def test_warmup_stable_decay_has_three_parts():
    rates = schedules.warmup_stable_decay(learning_rate=1.0, warmup_steps=4, decay_step=8, num_steps=10)(STEPS)
    np.testing.assert_allclose(rates, [0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 0.5, 0, 0])


def test_a_cosine_tail_is_the_cosine_schedule_begun_later():
    given = {"learning_rate": 1.0, "warmup_steps": 0, "num_steps": 10, "final": 0.1}
    rates = schedules.warmup_stable_decay(decay_step=4, tail="cosine", **given)(STEPS)
    ramp = schedules.cosine(learning_rate=1.0, num_steps=6, final=0.1)
    np.testing.assert_allclose(rates, np.concatenate([np.ones(4), ramp(np.arange(8))]), rtol=1e-15)  # one rounding


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.constant(0.0), "`learning_rate` must be above 0"),
        (lambda: schedules.constant(np.nan), "`learning_rate`"),
        (lambda: schedules.constant(np.ones((2, 2))), "scalar or one value per run"),
        (lambda: schedules.step_decay(learning_rate=0.1, decay_step=-1, decayed=0.1), "`decay_step`"),
        (lambda: schedules.step_decay(learning_rate=0.1, decay_step=2.5, decayed=0.1), "`decay_step`"),
        (lambda: schedules.step_decay(learning_rate=[0.1, 0.2], decay_step=[1, 2, 3], decayed=0.1), "one length"),
        (lambda: schedules.linear(learning_rate=0.1, num_steps=0), "`num_steps`"),
        (lambda: schedules.cosine(learning_rate=0.1, num_steps=5, final=-0.1), "`final`"),
        (lambda: schedules.cyclic(low=0.1, high=0.2, period=1), "`period`"),
        (
            lambda: schedules.warmup_stable_decay(learning_rate=1.0, warmup_steps=5, decay_step=3, num_steps=9),
            "`warmup_steps` <= `decay_step` < `num_steps`",
        ),
        (
            lambda: schedules.warmup_stable_decay(
                learning_rate=1.0, warmup_steps=0, decay_step=3, num_steps=9, tail="step"
            ),
            "`tail` must be one of",
        ),
    ],
)
def test_bad_transitions_raise_instead_of_becoming_another_schedule(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_schedules_travel_to_other_processes():
    schedule = schedules.cosine(learning_rate=0.4, num_steps=10)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(schedule))(STEPS), schedule(STEPS))


def test_switched_off_is_exactly_zero_from_its_step():
    levels = schedules.switched_off(2.0, step=np.array([1, 12]))(STEPS)
    np.testing.assert_array_equal(levels[:, 0], np.where(STEPS < 1, 2.0, 0.0))
    np.testing.assert_array_equal(levels[:, 1], 2.0)
    with pytest.raises(ValueError, match="`value`"):
        schedules.switched_off(-1.0, step=3)
