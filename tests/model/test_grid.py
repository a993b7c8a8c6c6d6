import numpy as np
import pytest

from lrdecay_core import model


def test_rows_are_the_product_and_reshape_back():
    rows = model.grid(seed=range(2), learning_rate=[0.1, 0.2, 0.3], decay_step=[5])
    assert {name: len(column) for name, column in rows.items()} == {"seed": 6, "learning_rate": 6, "decay_step": 6}
    np.testing.assert_array_equal(rows["seed"].reshape(2, 3, 1)[:, 0, 0], [0, 1])
    np.testing.assert_array_equal(rows["learning_rate"].reshape(2, 3, 1)[1, :, 0], [0.1, 0.2, 0.3])
    assert rows["seed"].dtype.kind == "i"


def test_refuses():
    with pytest.raises(ValueError, match="`axes` must name"):
        model.grid()
    with pytest.raises(ValueError, match="`seed` must be a list"):
        model.grid(seed=3)
    with pytest.raises(ValueError, match="`seed` must be a list"):
        model.grid(seed=[])
