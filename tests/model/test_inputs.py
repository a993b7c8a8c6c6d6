import numpy as np
import pytest

from lrdecay_core import model, schedules
from lrdecay_core.model import Problem, Weights

PROBLEM = Problem.sparse(num_samples=4, num_features=9, sparsity=1, seed=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 5}, r"`batch_size` must be a whole number in \[1, 4\], got 5"),
        ({"batch_size": 0}, "`batch_size` must be"),
        ({"num_steps": -1}, "`num_steps` must be"),
        ({"num_steps": 2.5}, "`num_steps` must be"),
        ({"seeds": []}, "`seeds` must hold at least one seed"),
        ({"seeds": [0, -1]}, r"`seeds\[1\]` must be"),
        ({"record": [3, 2]}, "`record` must increase strictly"),
        ({"record": [0, 11]}, r"`record\[1\]` must be a whole number in \[0, 10\]"),
        ({"record": []}, "`record` must hold at least one"),
        ({"noise": "uniform"}, "`noise` must be one of"),
        ({"label_noise": -1.0}, "`label_noise` must be 0 or above"),
        ({"label_noise": np.nan}, "`label_noise` must be finite"),
        ({"label_noise": np.ones(2)}, "`label_noise` must give one value for all runs or one for each of the 3"),
        ({"label_noise": lambda k: np.full(len(k), -1.0)}, "`label_noise` must be finite and 0 or above at every"),
        ({"schedule": schedules.constant(np.ones(2))}, "`schedule` must give one value for all runs.*`model.grid`"),
        ({"schedule": lambda k: np.full(len(k), np.nan)}, "`schedule` must be finite"),
        ({"schedule": lambda k: 0.1}, "`schedule` must give one value"),
        ({"init_scale": None}, "give one of `init_scale` and `weights`"),
        ({"weights": Weights(np.ones(9), np.ones(9))}, "give one of `init_scale` and `weights`"),
        ({"init_scale": None, "weights": Weights(np.ones(8), np.ones(8))}, r"`weights` must have shape \(3, 9\) or"),
        ({"init_scale": 0.0}, "`init_scale` must be"),
        ({"first_step": -2}, "`first_step` must be"),
    ],
)
def test_refuses(changes, message):
    settings = {
        "schedule": schedules.constant(0.1),
        "num_steps": 10,
        "batch_size": 2,
        "seeds": range(3),
        "init_scale": 0.5,
    }
    with pytest.raises(ValueError, match=message):
        model.sgd(PROBLEM, **{**settings, **changes})


def test_refuses_m_in_a_positive_problem():
    start = Weights(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="`weights` must have m = 0 for a positive problem"):
        model.sgd(
            Problem.three_dimensional(),
            schedule=schedules.constant(0.1),
            num_steps=1,
            batch_size=2,
            seeds=[0],
            weights=start,
        )


def test_rows_are_the_product_and_reshape_back():
    rows = model.grid(seed=range(2), learning_rate=[0.1, 0.2, 0.3], decay_step=[5])
    assert {name: len(column) for name, column in rows.items()} == {"seed": 6, "learning_rate": 6, "decay_step": 6}
    np.testing.assert_array_equal(rows["seed"].reshape(2, 3, 1)[:, 0, 0], [0, 1])
    np.testing.assert_array_equal(rows["learning_rate"].reshape(2, 3, 1)[1, :, 0], [0.1, 0.2, 0.3])
    assert rows["seed"].dtype.kind == "i"


def test_grid_refuses():
    with pytest.raises(ValueError, match="`axes` must name"):
        model.grid()
    with pytest.raises(ValueError, match="`seed` must be a list"):
        model.grid(seed=3)
    with pytest.raises(ValueError, match="`seed` must be a list"):
        model.grid(seed=[])
