import numpy as np

from lrdecay_core import sweeps
from lrdecay_core.experiments.networks import sweep_costs


def test_costs():
    found = sweeps.Sweep(
        specs=({},) * 4, keys=(), results=(), seconds=np.array([1.0, 2, 3, 2]), failures=(), computed=4
    )
    took = sweep_costs.costs(found, wall=5.0, workers=2)
    assert took.utilisation == 0.8
    assert took.hours(3600, 1) == 2.5  # two seconds a run, at 80 %
    assert took.hours(3600, 5) == 0.5
    assert sweep_costs.study_size(rates=2, decay_times=3, seeds=5, settings=7) == 210
