from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.experiments.networks import late_decay

ALL = [
    (profile, name, cell)
    for profile in ("quick", "book")
    for name, cell in {**late_decay.cells(profile), **late_decay.controls(profile)}.items()
]


@pytest.mark.parametrize(("profile", "name", "cell"), ALL, ids=[f"{p}: {n}" for p, n, _ in ALL])
def test_comparisons_are_among_the_arms_and_as_stated(profile, name, cell):
    assert {cell.early, cell.late, cell.matched_late} <= set(cell.decay_epochs)
    assert list(cell.levels) == sorted(cell.levels, reverse=True)
    if profile == "book":
        assert len(cell.seeds) >= 10
        if name in late_decay.cells("book"):
            assert cell.early <= 0.02 * cell.config.epochs
            assert cell.late == cell.config.epochs / 2


def test_profiles_have_the_same_four_cells_and_one_decayed_rate_each():
    assert set(late_decay.cells("quick")) == set(late_decay.cells("book"))
    assert len(late_decay.cells("book")) == 4


def test_controls_differ_from_the_main_cell_in_rates_and_budget_only():
    main = late_decay.cells("book")[late_decay.MAIN].config
    for cell in late_decay.controls("book").values():
        same = replace(
            cell.config, learning_rate=main.learning_rate, decayed_rate=main.decayed_rate, epochs=main.epochs
        )
        assert same == main
        assert cell.config.learning_rate == pytest.approx(main.learning_rate / 10)


def test_run_splits_seeds_over_workers_and_puts_them_together():
    cell = late_decay.cells("quick")["digits MLP"]
    small = replace(cell, config=replace(cell.config, epochs=3, width=8), decay_epochs=(1, 2), seeds=(0, 1, 2))
    alone = late_decay.run({"a": small, "b": replace(small, seeds=(5,))}, workers=1)
    together = late_decay.run({"a": small, "b": replace(small, seeds=(5,))}, workers=2)
    assert alone["a"].seeds == (0, 1, 2)
    assert alone["b"].seeds == (5,)
    # A worker has one thread, this process may have more: float32 products may be summed in another order.
    np.testing.assert_allclose(alone["a"].weights, together["a"].weights, rtol=0, atol=2e-6)
