from dataclasses import asdict

import pytest

from lrdecay_core.experiments.landscapes import mirror
from lrdecay_core.experiments.landscapes import study as landscapes
from lrdecay_core.experiments.networks import late_decay, settings

ALL = [getattr(settings, name) for name in settings.__all__ if name.startswith(("digits", "mnist1d"))]


def differences(one, other):
    return {name for name, value in asdict(one).items() if asdict(other)[name] != value}


@pytest.mark.parametrize("make", ALL)
def test_what_a_chapter_changes_wins_and_nothing_else_moves(make):
    changed = make(7, network="mlp", learning_rate=0.123, num_train=33, batch_size=3)
    assert (changed.epochs, changed.learning_rate, changed.num_train, changed.batch_size) == (7, 0.123, 33, 3)
    free = {"epochs", "network", "learning_rate", "num_train", "batch_size"}
    assert differences(changed, make(9)) - free == set()


@pytest.mark.parametrize(
    ("one", "other", "fields"),
    [
        (settings.mnist1d_cnn, settings.mnist1d_cnn_squared, {"loss", "learning_rate", "decayed_rate", "batch_size"}),
        (
            settings.mnist1d_cnn_squared,
            settings.mnist1d_mlp_squared,
            {"network", "learning_rate", "decayed_rate", "label_noise"},
        ),
        (settings.digits_mlp, settings.digits_cnn, {"network", "init_gain"}),
    ],
)
def test_relatives_differ_in_what_their_names_and_docstrings_say(one, other, fields):
    assert differences(one(5), other(5)) == fields


@pytest.mark.parametrize("profile", ["quick", "book"])
def test_chapters_that_name_a_network_alike_train_the_same_but_for_the_budget(profile):
    ours = mirror.study(profile).networks["digits MLP"].config
    seen = landscapes.study(profile).cells
    late = late_decay.cells(profile)
    assert differences(ours, seen["digits MLP"].config) <= {"epochs"}
    assert differences(ours, late["digits MLP"].config) <= {"epochs"}
    assert differences(late[late_decay.MAIN].config, seen["MNIST-1D CNN, cross-entropy"].config) <= {"epochs"}


def test_the_table_has_a_row_per_cell_and_names_the_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")
    text = settings.describe({**late_decay.cells("book"), "one": landscapes.study("book").cells["MNIST-1D MLP"]})
    assert text.count("\n| ") == 5
    assert "| cross entropy | 1000 | 25 | 0.3 → 0.03 | 0.3 | 10, 30, 60, 100, 200, 300, 600 | 600 | 10 |" in text
    assert "| one | squared | 1000 | 10 | 0.1 → 0.02 | 0.1 | 3, 10, 20, 45 | 60 | 5 |" in text
    assert "`book` profile" in text
