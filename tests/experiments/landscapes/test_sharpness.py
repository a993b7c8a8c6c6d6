import numpy as np
import torch

from lrdecay_core.experiments.landscapes import sharpness, solutions
from lrdecay_core.experiments.landscapes.sharpness import Sharpness
from lrdecay_core.experiments.landscapes.solutions import Cell
from lrdecay_core.training import TrainConfig

CONFIG = TrainConfig(
    network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01, batch_size=10, epochs=3,
    num_train=20, width=2, label_noise=0.3,
)  # fmt: skip
CELL = Cell(config=CONFIG, decay_epochs=(1, 2), trunk_epochs=(1, 2), seeds=(0, 1), probe_steps=0)


def test_curvature_is_that_of_the_dense_hessian():
    found = solutions.run({"a": CELL}, workers=1)["a"]
    tasks = sharpness.tasks(CELL, found)
    seen = Sharpness.join(tasks[0], [sharpness.measure(task, num_probes=400) for task in tasks])
    loss = solutions.losses(CONFIG)["train"]
    for d, s in np.ndindex(2, 2):
        H = torch.autograd.functional.hessian(loss, torch.from_numpy(found.ends[d, s].copy())).numpy()
        # an eigenvalue lies within the residual; 1e-2 is what was asked of the iteration
        assert abs(seen.top[d, s] - np.linalg.eigvalsh(H)[-1]) <= seen.residual[d, s] + 1e-2 * seen.top[d, s]
        # five standard errors
        assert abs(seen.trace[d, s] - np.trace(H)) <= 5 * seen.trace_error[d, s] + 1e-4
    np.testing.assert_allclose(seen.norm, found.runs.weight_norm[:, :, -1], rtol=1e-5)  # float32 records
    text = sharpness.describe({"a": seen})
    assert text.count("\n| a |") == 2
    assert f"| {seen.trace[1].mean():.1f} |" in text
