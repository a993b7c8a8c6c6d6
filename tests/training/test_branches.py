import itertools
import multiprocessing
import random
import sys
import time
from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lrdecay_core import data
from lrdecay_core.data import dataset
from lrdecay_core.training import Branches, branches, loop

branches_module = sys.modules["lrdecay_core.training.branches"]  # its name is that of the function
ARRAYS = ("train_loss", "train_error", "test_loss", "test_error", "weight_norm", "weights", "trunk", "diverged_step")


def assert_equal(a: Branches, b: Branches) -> None:
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


def test_an_arm_is_its_trunk_until_it_decays_and_differs_after(config):
    runs = branches(config, decay_epochs=[2, 5], seeds=[4])
    trunk = runs.epochs <= 2
    np.testing.assert_array_equal(runs.train_loss[0, 0, trunk], runs.train_loss[1, 0, trunk])
    assert (runs.train_loss[0, 0, ~trunk] != runs.train_loss[1, 0, ~trunk]).all()


def test_an_arm_does_not_depend_on_the_other_arms(config):
    many = branches(config, decay_epochs=[0, 2, 3, 5], seeds=[4, 6])
    few = branches(config, decay_epochs=[2], seeds=[6])
    # Rows of a batched product may be summed in another order: float32, 40 steps.
    np.testing.assert_allclose(many.weights[1, 1], few.weights[0, 0], rtol=0, atol=2e-6)


def test_a_seed_is_the_same_alone_and_in_a_batch(config):
    batch, alone = (branches(config, decay_epochs=[1, 3], seeds=s) for s in ([7, 2, 9], [2]))
    np.testing.assert_allclose(batch.weights[:, 1], alone.weights[:, 0], rtol=0, atol=2e-6)
    np.testing.assert_allclose(batch.test_loss[:, 1], alone.test_loss[:, 0], rtol=0, atol=1e-5)


def test_never_decaying_equals_decaying_to_the_same_rate(config):
    flat = replace(config, decayed_rate=config.learning_rate)
    never = branches(config, decay_epochs=[5], seeds=[1])
    always = branches(flat, decay_epochs=[2], seeds=[1])
    np.testing.assert_array_equal(never.weights, always.weights)


def test_the_trunk_is_kept_where_asked(config):
    """Against runs that stop there: a trunk that never decays and whose budget ends at that epoch."""
    runs = branches(config, decay_epochs=[1, 4], seeds=[3, 5], trunk_epochs=[0, 2, 4])
    assert runs.trunk.shape == (3, 2, runs.weights.shape[-1])
    for k, epoch in enumerate((2, 4), start=1):
        stopped = branches(replace(config, epochs=epoch), decay_epochs=[epoch], seeds=[3, 5])
        # Rows of a batched product may be summed in another order: float32, 40 steps.
        np.testing.assert_allclose(runs.trunk[k], stopped.weights[0], rtol=0, atol=2e-6)
    assert np.isfinite(runs.trunk[0]).all()
    assert branches(config, decay_epochs=[1], seeds=[3]).trunk.shape[0] == 0


def test_what_was_asked_and_what_was_measured_make_the_whole(config):
    asked = {"decay_epochs": (1, 2), "seeds": (0, 3), "trunk_epochs": (1,)}
    runs = branches(config, **asked)
    assert set(runs.measured) == {f.name for f in fields(Branches)} - {"config", *asked}
    assert_equal(Branches(config=config, **asked, **runs.measured), runs)


def test_trunk_epochs_beyond_the_last_decay_are_refused(config):
    with pytest.raises(ValueError, match="`trunk_epochs"):
        branches(config, decay_epochs=[1, 3], seeds=[1], trunk_epochs=[4])


def test_resumed_equals_uninterrupted(config, tmp_path, monkeypatch):
    store = tmp_path / "run.safetensors"
    whole = branches(config, decay_epochs=[1, 3, 5], seeds=[1, 2], trunk_epochs=[0, 3, 5])
    run_epoch = loop.Loop.run_epoch
    for stop in (1, 2, 4):  # before, at and after forks
        store.unlink(missing_ok=True)

        def interrupted(self, stop=stop):
            if self.epoch == stop:
                raise KeyboardInterrupt
            run_epoch(self)

        with monkeypatch.context() as patch:
            patch.setattr(loop.Loop, "run_epoch", interrupted)
            with pytest.raises(KeyboardInterrupt):
                branches(config, decay_epochs=[1, 3, 5], seeds=[1, 2], trunk_epochs=[0, 3, 5], store=store)
        assert_equal(branches(config, decay_epochs=[1, 3, 5], seeds=[1, 2], trunk_epochs=[0, 3, 5], store=store), whole)
    assert_equal(branches(config, decay_epochs=[1, 3, 5], seeds=[1, 2], trunk_epochs=[0, 3, 5], store=store), whole)


def interrupted(config, arguments, store, monkeypatch, *, after):
    """Train and stop, as by Ctrl-C, before the epoch ``after``."""
    run_epoch = loop.Loop.run_epoch

    def stops(self):
        if self.epoch == after:
            raise KeyboardInterrupt
        run_epoch(self)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Loop, "run_epoch", stops)
        with pytest.raises(KeyboardInterrupt):
            branches(config, **arguments, store=store)


def test_seconds_are_those_of_all_parts(config, tmp_path, monkeypatch):
    store, arguments, clock = tmp_path / "run", {"decay_epochs": [1], "seeds": [1]}, itertools.count(0, 10)
    monkeypatch.setattr(branches_module, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    interrupted(config, arguments, store, monkeypatch, after=3)  # the clock is read at its start and at three saves
    runs = branches(config, **arguments, store=store)  # at its start, at two saves, and at the end
    assert runs.seconds == 30 + 30


@pytest.mark.parametrize("network", ["mlp", "cnn2d", "resnet18"])
def test_adamw_in_bf16_with_moved_images_resumes_exactly(config, tmp_path, monkeypatch, network):
    photographs(monkeypatch)
    changes = {"dataset": "photographs", "num_train": 14, "width": 2} if network == "resnet18" else {"num_train": 21}
    options = {"optimiser": "adamw", "precision": "bf16", "augment": True, "learning_rate": 0.01}
    config = replace(config, network=network, epochs=3, **changes, **options)
    whole = branches(config, **ARMS)
    interrupted(config, ARMS, tmp_path / "run", monkeypatch, after=2)
    assert_equal(branches(config, **ARMS, store=tmp_path / "run"), whole)


def test_killed_and_resumed_equals_uninterrupted(config, tmp_path):
    """``kill -9`` at random moments of a process of its own, in a save or between two."""
    config, moments, kills = replace(config, epochs=40), random.Random(0), 0
    arguments = {"decay_epochs": [4, 20, 40], "seeds": [1, 2], "trunk_epochs": [0, 20]}
    store, context = tmp_path / "run", multiprocessing.get_context("spawn")
    whole = branches(config, **arguments)
    for _ in range(2):
        process = context.Process(target=branches, args=(config,), kwargs={**arguments, "store": store}, daemon=True)
        begun = written(store)
        process.start()
        while process.is_alive() and written(store) == begun:
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.05))
        kills += process.is_alive()
        process.kill()
        process.join()
    assert kills >= 1
    assert_equal(branches(config, **arguments, store=store), whole)


def written(store):
    return store.stat().st_mtime_ns if store.exists() else 0


def test_another_experiment_is_not_resumed(config, tmp_path):
    store = tmp_path / "run.safetensors"
    branches(config, decay_epochs=[1], seeds=[1], store=store)
    with pytest.raises(ValueError, match="`store` .* holds experiment"):
        branches(replace(config, learning_rate=0.2), decay_epochs=[1], seeds=[1], store=store)


@pytest.mark.filterwarnings("error")
def test_divergence_is_recorded_and_the_rest_goes_on(config):
    wild = replace(config, loss="squared", learning_rate=50.0, momentum=0.0)
    runs = branches(wild, decay_epochs=[0, 2], seeds=[1])
    assert runs.diverged_step[0, 0] == -1
    assert 0 < runs.diverged_step[1, 0] < 16
    assert np.isfinite(runs.test_error[0]).all()
    assert np.isnan(runs.test_error[1, 0, -1])


def test_learning_happens(config):
    clean = replace(config, label_noise=0.0, label_corruption=0.0, num_train=400, width=None, epochs=20)
    runs = branches(clean, decay_epochs=[15], seeds=[0, 1])
    assert runs.test_error[0, :, -1].max() < 0.2  # chance is 0.9


def test_phase_one_ends_within_twice_the_plateau(config):
    runs = branches(config, decay_epochs=[1, 2, 3], seeds=[0, 1])
    loss = runs.train_loss.copy()
    loss[-1] = np.where(runs.epochs < 2, 10.0, 1.0)
    assert replace(runs, train_loss=loss).past_phase_one == (1, 2)
    loss[-1] = np.where(runs.epochs < 2, 1.9, 1.0)
    assert replace(runs, train_loss=loss).past_phase_one == (0, 1, 2)
    loss[-1] = np.where(runs.epochs > 3, 0.1, 1.0)  # what follows the last fork is no trunk
    assert replace(runs, train_loss=loss).past_phase_one == (0, 1, 2)


def test_join_puts_seeds_together(config):
    parts = [branches(config, decay_epochs=[1, 3], seeds=s) for s in ([1], [2])]
    joined = Branches.join(parts)
    assert joined.seeds == (1, 2)
    np.testing.assert_array_equal(joined.weights[:, 1], parts[1].weights[:, 0])
    with pytest.raises(ValueError, match="repeated"):
        Branches.join([parts[0], parts[0]])
    with pytest.raises(ValueError, match="share their config"):
        Branches.join([parts[0], branches(config, decay_epochs=[1, 2], seeds=[3])])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decay_epochs": [6]}, r"`decay_epochs\[0\]` must be a whole number in \[0, 5\], got 6"),
        ({"decay_epochs": [-1]}, "`decay_epochs"),
        ({"decay_epochs": [3, 1]}, "increase strictly"),
        ({"decay_epochs": []}, "at least one"),
        ({"seeds": [1, 1]}, r"`seeds` must be distinct.*repeated: \[1\]"),
        ({"seeds": []}, "`seeds` must hold at least one"),
        ({"device": "tpu"}, "`device` must be"),
    ],
)
def test_bad_arguments(config, options, message):
    with pytest.raises(ValueError, match=message):
        branches(config, **{"decay_epochs": [1], "seeds": [1], **options})


def test_nothing_is_left_unrecorded(config):
    runs = branches(config, decay_epochs=[1, 5], seeds=[3])
    for field in fields(runs):
        value = getattr(runs, field.name)
        if isinstance(value, np.ndarray):
            assert np.isfinite(value).all(), field.name
    assert runs.weights.shape == (2, 1, 64 * 6 + 6 + 36 + 6 + 60 + 10)


def test_excess_loss_of_the_given_labels_is_what_is_recorded(config):
    from lrdecay_core import networks
    from lrdecay_core.parameters import Layout
    from lrdecay_core.training import draws

    runs = branches(config, decay_epochs=[2], seeds=[3])
    ds = data.load("digits")
    net = networks.build("mlp", input_shape=(8, 8), num_classes=10, width=6)
    torch.nn.utils.vector_to_parameters(torch.as_tensor(runs.weights[0, 0]), net.parameters())
    assert Layout.of(net).size == runs.weights.shape[-1]
    given = draws.corrupted_labels(config, 3, ds.train.targets[:60], 10)
    with torch.no_grad():
        wrong = net(torch.as_tensor(ds.train.inputs[:60])).argmax(1).numpy() != given
    np.testing.assert_allclose(runs.train_error[0, 0, -1], wrong.mean(), atol=1e-7)  # float32 mean


@pytest.mark.parametrize("network", ["mlp", "cnn2d"])
@pytest.mark.parametrize(
    "changes", [{}, {"optimiser": "adamw"}, {"momentum": 0.0, "weight_decay": 0.0, "augment": True}]
)
def test_on_cuda_as_on_the_cpu(same_on_cuda, config, network, changes):
    config = replace(config, network=network, epochs=2, num_train=21, **changes)
    same_on_cuda(lambda device: everything(branches(config, **ARMS, device=device)))


def photographs(monkeypatch):
    draw = np.random.default_rng(0)
    split = data.Split(draw.standard_normal((14, 3, 8, 8), dtype=np.float32), np.arange(14) % 10)
    monkeypatch.setitem(dataset._SOURCES, "photographs", lambda: data.Dataset("photographs", split, split, 10))


def test_a_resnet_on_cuda_as_on_the_cpu(same_on_cuda, config, monkeypatch):
    photographs(monkeypatch)
    config = replace(config, network="resnet18", dataset="photographs", epochs=2, num_train=14, width=2, augment=True)
    same_on_cuda(lambda device: everything(branches(config, **ARMS, device=device)))


ARMS = {"decay_epochs": [1, 2], "seeds": [1, 2], "trunk_epochs": [1]}


def everything(runs):
    return runs.weights, runs.trunk, runs.train_loss, runs.test_loss, runs.test_error, runs.diverged_step


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("network", ["mlp", "cnn2d", "resnet18", "resnet18-channels-last"])
@pytest.mark.parametrize("changes", [{}, {"precision": "bf16"}, {"optimiser": "adamw", "augment": True}])
def test_whole_runs_on_a_real_device(config, monkeypatch, network, changes):
    """Near the processor's numbers after two epochs; bf16 keeps 8 bits."""
    photographs(monkeypatch)
    resnet = {"dataset": "photographs", "width": 2} if network.startswith("resnet18") else {}
    config = replace(config, network=network, num_train=14, epochs=2, **resnet, **changes)
    config = replace(config, learning_rate=0.01, decayed_rate=0.001)
    here, there = (branches(config, **ARMS, device=device) for device in ("cpu", "cuda"))
    assert (there.diverged_step == -1).all()
    bound = 0.1 if changes.get("precision") == "bf16" else 0.01  # 4 steps of 0.01 with gradients of order one; TF32
    np.testing.assert_allclose(there.weights, here.weights, rtol=0, atol=bound)
    assert np.abs(there.weights - there.trunk[0, 0]).max() > 0


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.filterwarnings("ignore")  # what inductor warns of depends on the machine's compilers
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_compiled_runs_on_a_real_device(config, monkeypatch, precision):
    photographs(monkeypatch)
    config = replace(config, network="resnet18", dataset="photographs", num_train=14, epochs=2, width=2)
    config = replace(config, precision=precision)
    plain, compiled = (branches(replace(config, compile=c), **ARMS, device="cuda") for c in (False, True))
    np.testing.assert_allclose(compiled.weights, plain.weights, rtol=0, atol=0.1)  # 4 steps of 0.1, fused kernels, bf16
