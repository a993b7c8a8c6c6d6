from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.experiments.model import fast_slow, label_noise_off, valley
from lrdecay_core.figures import style
from lrdecay_core.figures import valley as draw

SMALL = replace(valley.setup("quick"), num_steps=1200, decay_steps=(20, 200, 1200), seeds=(0, 1, 2))


@pytest.fixture(scope="module")
def runs():
    return {name: valley.decays(arm, num_recorded=40) for name, arm in valley.arms(SMALL).items()}


@pytest.fixture(scope="module")
def motion():
    return fast_slow.motion(replace(SMALL, learning_rate=0.01, num_steps=600), settle=200, near=30, points=40)


def lines(ax):
    return {line.get_label(): line for line in ax.lines}


def test_both_zooms_have_the_same_axes(motion):
    near, far = draw.plot_zoom(motion, view="near"), draw.plot_zoom(motion, view="far")
    assert near.get_xlim() == far.get_xlim()
    assert near.get_ylim() == far.get_ylim()
    np.testing.assert_array_equal(near.lines[0].get_xydata(), motion.near)
    np.testing.assert_array_equal(far.lines[0].get_xydata(), motion.far)


def test_speeds_show_means_over_runs_on_logarithmic_steps(motion):
    ax = draw.plot_speeds(motion)
    np.testing.assert_allclose(lines(ax)["along it"].get_ydata(), motion.along.mean(axis=1))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_training_is_dashed_testing_solid_and_tails_start_at_the_decay(runs):
    main = next(iter(runs.values()))
    train = draw.plot_decays(main, loss="train", shown=(20, 200))
    test = draw.plot_decays(main, loss="test", shown=(20, 200))
    tail = lines(train)["decays at 200"]
    assert tail.get_linestyle() == style.TRAIN
    assert tail.get_xdata()[0] == 200
    np.testing.assert_allclose(lines(test)["decays at 200"].get_ydata()[-1], main.test_loss[-1, 1].mean())
    assert lines(test)["never decays"].get_linestyle() == style.TEST
    assert "predicted plateau" in lines(train)
    assert "predicted plateau" not in lines(test)


def test_scale_and_final_loss_have_one_line_per_arm_and_a_law_where_there_is_noise(runs):
    ax = draw.plot_scale(runs)
    named = [name for name in lines(ax) if name in runs]
    assert named == list(runs)
    assert sum(line.get_linestyle() == ":" for line in ax.lines) == 2
    final = draw.plot_final(runs)
    drawn = [c.lines[0].get_ydata() for c in final.containers]
    for line, found in zip(drawn, runs.values(), strict=True):
        np.testing.assert_allclose(line, np.exp(np.log(found.test_loss[-1]).mean(axis=-1)))


def test_plateaus_show_levels_and_ratios():
    found = fast_slow.plateaus(SMALL, rates=(0.04, 0.02), window=(5.0, 10.0))
    left = draw.plot_phase_one(found)
    assert {"$\\eta = 0.04$", "$\\eta = 0.02$", "no noise"} <= set(lines(left))
    assert max(line.get_xdata().max() for line in left.lines[:4]) < 5
    right = draw.plot_plateaus(found)
    drawn = [float(c.lines[0].get_ydata()[0]) for c in right.containers]
    np.testing.assert_allclose(drawn, (found.measured / found.predicted).mean(axis=1))


def test_a_bound_is_drawn_only_where_there_is_one():
    short = replace(SMALL, num_steps=60)
    within, beyond = label_noise_off.drift(short), label_noise_off.drift(short, learning_rate=0.04)
    assert "bound without label noise" in lines(draw.plot_drift(within))
    ax = draw.plot_drift(beyond)
    assert "bound without label noise" not in lines(ax)
    assert "no bound" in ax.texts[0].get_text()
