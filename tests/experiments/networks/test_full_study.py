from dataclasses import replace

import pytest
import torch

from lrdecay_core.experiments.networks import full_study, scaling_up
from lrdecay_core.training import branches, ensemble
from lrdecay_core.training.loop import Loop

STUDY = scaling_up.STUDY


def test_images_are_those_that_the_loop_trains_on_and_evaluates(monkeypatch):
    """Rows times samples, counted in the library's own run of a small study with digits."""
    config = replace(scaling_up.grid("quick").config, epochs=7, batch_size=30, num_train=100, width=2)
    seen = {"trained": 0, "evaluated": 0}
    step, evaluate = ensemble.Ensemble.step, ensemble.Ensemble.evaluate

    def steps(self, inputs, targets, rates):
        seen["trained"] += len(rates) * targets.shape[2]
        return step(self, inputs, targets, rates)

    def evaluates(self, inputs, labels):
        seen["evaluated"] += len(self.weights) * len(inputs)
        return evaluate(self, inputs, labels)

    monkeypatch.setattr(ensemble.Ensemble, "step", steps)
    monkeypatch.setattr(ensemble.Ensemble, "evaluate", evaluates)
    fields = {"epochs": 7, "batch_size": 30, "num_train": 100}
    for arms in ((2, 5), (0, 7), (3,)):
        seen.update(trained=0, evaluated=0)
        branches(config, decay_epochs=arms, seeds=[1])
        study = replace(STUDY, fields=fields, decay_epochs=arms, rates=(0.1, 0.2), seeds=(0, 1, 2), num_test=797)
        assert full_study.images(study) == (6 * seen["trained"], 6 * seen["evaluated"])


def test_operations_are_counted_and_not_typed():
    """The published 0.56 thousand million multiply-adds forward; backward twice that, bar the first layer's input."""
    one, two = (full_study.count(batch) for batch in (1, 2))
    assert (one.trained, one.evaluated) == (two.trained, two.evaluated)
    assert one.evaluated == pytest.approx(2 * 0.5555e9, rel=1e-3)
    first = 2 * 3 * 64 * 9 * 32 * 32
    assert one.trained == 3 * one.evaluated - first


def test_hours():
    study = replace(STUDY, rates=(0.1, 0.2), seeds=(0, 1, 2))
    trained, evaluated = full_study.images(study)
    speed = full_study.PerImage(trained=3600 / trained, evaluated=3600 * 5 / evaluated, where="a clock")
    assert speed.hours(study, 1) == pytest.approx(6)
    assert speed.hours(study, 3) == pytest.approx(2)
    assert speed.hours(study, 4) == pytest.approx(2)  # six trunks among four: two rounds
    assert speed.hours(study, 600) == pytest.approx(1)
    words = full_study.describe(speed, workers=(1, 6), study=study)
    assert "| 1 | 6 |\n| 6 | 1 |" in words
    assert "Measured on a clock" in words


def test_cards_divide_the_operations_by_their_peak():
    card = next(card for card in full_study.CARDS if card.name == "A100")
    one = replace(STUDY, rates=(0.1,), seeds=(0,))
    operations = full_study.PerImage(trained=card.peak * 3600 / full_study.images(one)[0], evaluated=0.0)
    row = next(line for line in full_study.on_cards(operations, study=one).splitlines() if "A100" in line)
    assert row == "| A100 | 312 | 10 | 5 | 2.5 | NVIDIA A100 data sheet |"


@pytest.mark.parametrize("network", ["resnet18", "resnet18-channels-last"])
def test_measuring_takes_real_steps_on_one_core(monkeypatch, network):
    shapes, threads, step = [], torch.get_num_threads(), ensemble.Ensemble.step

    def steps(self, inputs, targets, rates):
        shapes.append((self.config.network, *inputs.shape, torch.get_num_threads()))
        return step(self, inputs, targets, rates)

    monkeypatch.setattr(ensemble.Ensemble, "step", steps)
    found = full_study.measure("cpu", network=network, batch=1, steps=1)
    assert shapes == [(network, 1, 1, 3, 32, 32, 1)] * 2
    assert found.trained > found.evaluated > 0
    assert torch.get_num_threads() == threads
    with pytest.raises(ValueError, match="`batch` must be"):
        full_study.measure("cpu", batch=0)


def test_the_study_is_a_sweep_of_one_run_a_trunk(monkeypatch):
    """With digits in the place of photographs, which would be downloaded."""
    fields = {**STUDY.fields, "network": "cnn2d", "dataset": "digits", "num_train": 100, "batch_size": 20}
    axes = replace(STUDY, fields=fields).axes
    assert len(axes.specs) == STUDY.trunks == 20
    assert axes.together
    assert axes.specs[0]["decay_epochs"] == STUDY.decay_epochs
    assert axes.config.epochs == STUDY.epochs
    monkeypatch.setattr(scaling_up, "STUDY", replace(STUDY, fields=fields))
    assert scaling_up.grid("paper") == axes
    loop = Loop(axes.config, axes.decay_epochs, (0,), torch.device("cpu"))
    assert len(loop.record_steps) > STUDY.epochs // 4


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_measuring_on_cuda():
    found = full_study.measure("cuda", steps=3)
    assert 0 < found.evaluated < found.trained < 1
    assert found.where == torch.cuda.get_device_name(0)
