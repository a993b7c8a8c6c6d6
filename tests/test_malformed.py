"""Whatever is handed in: a result, or a ValueError that names an argument; never a hang, never a damaged store."""

import importlib
import inspect
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrdecay_core import (
    data,
    executors,
    landscape,
    model,
    networks,
    schedules,
    solvers,
    storage,
    sweeps,
    theory,
    training,
)
from lrdecay_core.training import checkpoint

FEW, SOME, MANY = (
    settings(
        max_examples=count, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    for count in (30, 200, 500)
)

ROOMS = ("data", "executors", "landscape", "model", "networks", "schedules", "solvers", "sweeps", "theory", "training")
HUGE = 10**5000  # Python refuses to write it as text, and to turn it into a float
NEVER = (object(), b"x", {1, 2}, 1j)
"""What no argument of this library may be."""
ODD = (
    *(None, True, False, -1, 0, 1, 2, HUGE, -HUGE, 0.5, -0.5, 1e300, 5e-324, np.nan, np.inf, np.float32(0.5)),
    *("", "x", "\ud800", "\0", "../x", "cuda:99", (), [], {}, [None], ["a"], [[1], [1, 2]], [HUGE], {"a": 1}, {1: "a"}),
    *(np.zeros(0), np.zeros((0, 3)), np.full(3, np.nan), np.array(["a"]), np.array([1j]), np.array(2), np.ma.ones(2)),
    *(torch.zeros(2), torch.full((2, 2), torch.inf), range(0), range(3), iter(()), Path("x"), Exception()),
)  # fmt: skip
NESTED = st.recursive(
    st.sampled_from([*ODD[:7], 10**400, *ODD[9:25], *NEVER]) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)

PROBLEM = model.Problem.sparse(num_samples=3, num_features=6, sparsity=1, seed=0)
SYSTEM = {"X": PROBLEM.X, "y": PROBLEM.y}
DEPTH = {"log_scale": np.full(6, -2.0), "centre": np.zeros(6)}
NOISE = {"init_scale": 0.5, "label_noise": 0.5, "batch_size": 1}
CONFIG = {
    "network": "mlp",
    "dataset": "digits",
    "loss": "squared",
    "learning_rate": 0.1,
    "decayed_rate": 0.01,
    "batch_size": 2,
    "epochs": 1,
    "num_train": 4,
    "width": 1,
}
NET = torch.nn.Linear(2, 2)
INPUTS, TARGETS = torch.ones(3, 2), torch.zeros(3, dtype=torch.int64)
POINTS = torch.eye(3, 6)
SPLIT = data.Split(np.ones((2, 3), np.float32), np.zeros(2, np.int64))
MATRIX = model.MatrixProblem(np.eye(4).reshape(4, 2, 2)[:3], np.ones(3), np.ones((2, 2)))
RUNS = training.branches(training.TrainConfig(**CONFIG), decay_epochs=[0, 1], seeds=[0])


def quadratic(vectors):
    return (vectors**2).sum(-1)


def echo(spec):
    return {"value": len(spec)}


def run_on_dask(**arguments):
    with executors.dask(**arguments):
        pass


def register(room, key):
    """Register and forget again."""

    def call(**arguments):
        table = {"networks": networks.ARCHITECTURES, "data": data.dataset._SOURCES}[room]
        before = dict(table)
        try:
            importlib.import_module(f"lrdecay_core.{room}").register(**arguments)
        finally:
            table.clear()
            table.update(before)

    return call


def plane():
    return landscape.plane_through(*POINTS)


TABLE = {
    "data.Split": (data.Split, {"inputs": np.ones((2, 3), np.float32), "targets": np.zeros(2, np.int64)}),
    "data.load": (data.load, {"name": "digits"}),
    "data.register": (register("data", "source"), {"name": "mine", "source": len}),
    "executors.dask": (run_on_dask, {"address": "garbage", "workers": 0}),
    "executors.Processes": (lambda count: executors.Processes(count).shutdown(), {"count": 1}),
    "executors.local_processes": (lambda workers: executors.local_processes(workers).shutdown(), {"workers": 1}),
    "landscape.loss_of": (
        landscape.loss_of,
        {
            "net": NET,
            "criterion": torch.nn.functional.cross_entropy,
            "inputs": INPUTS,
            "targets": TARGETS,
            "batch_size": 2,
            "batch_norm": None,
            "dropout_seed": 0,
            "device": "cpu",
        },
    ),
    "landscape.plane_through": (landscape.plane_through, dict(zip("abc", POINTS, strict=True))),
    "landscape.surface": (
        landscape.surface,
        {"plane": plane(), "losses": {"train": quadratic}, "num": 3, "margin": 0.25, "sampling": None, "nodes": 3},
    ),
    "model.Problem": (model.Problem, {**SYSTEM, "beta_true": PROBLEM.beta_true, "positive": False}),
    "model.minimum_norm": (model.minimum_norm, {"problem": PROBLEM}),
    "model.sgd": (
        model.sgd,
        {
            "problem": PROBLEM,
            "schedule": schedules.constant(0.01),
            "num_steps": 2,
            "seeds": [0],
            "noise": "gaussian",
            "replacement": True,
            "record": [1],
            "first_step": 0,
            "device": "cpu",
            **NOISE,
        },
    ),
    "networks.build": (
        networks.build,
        {"name": "mlp", "input_shape": (2,), "num_classes": 2, "width": 2, "init_gain": 1.0, "seed": 0},
    ),
    "networks.register": (register("networks", "factory"), {"name": "mine", "factory": networks.MLP}),
    "schedules.constant": (schedules.constant, {"learning_rate": 0.1}),
    "schedules.cosine": (schedules.cosine, {"learning_rate": 0.1, "num_steps": 3, "final": 0.0}),
    "schedules.cyclic": (schedules.cyclic, {"low": 0.1, "high": 0.2, "period": 4}),
    "schedules.linear": (schedules.linear, {"learning_rate": 0.1, "num_steps": 3, "final": 0.0}),
    "schedules.step_decay": (schedules.step_decay, {"learning_rate": 0.1, "decay_step": 2, "decayed": 0.01}),
    "schedules.switched_off": (schedules.switched_off, {"value": 1.0, "step": 2}),
    "schedules.warmup_stable_decay": (
        schedules.warmup_stable_decay,
        {"learning_rate": 0.1, "warmup_steps": 1, "decay_step": 2, "num_steps": 3, "final": 0.0, "tail": "linear"},
    ),
    "solvers.basis_pursuit": (solvers.basis_pursuit, {**SYSTEM, "weights": np.ones(6), "positive": False}),
    "solvers.descend": (
        solvers.descend,
        {"loss": quadratic, "start": np.ones(2), "target": 0.1, "gradient_bound": 0.1, "max_steps": 3, "memory": 0},
    ),
    "solvers.entropy_projection": (solvers.entropy_projection, {**SYSTEM, **DEPTH, "start": np.zeros(3)}),
    "solvers.kl_projection": (
        solvers.kl_projection,
        {**SYSTEM, "log_positive": np.zeros(6), "log_negative": np.zeros(6), "start": np.zeros(3)},
    ),
    "solvers.nuclear_norm": (
        solvers.nuclear_norm,
        {"A": np.eye(4).reshape(4, 2, 2)[:3], "y": np.ones(3), "tolerance": 1e-6},
    ),
    "sweeps.Store": (sweeps.Store, {"folder": "store"}),
    "sweeps.grid": (sweeps.grid, {"x": [1, 2], "seed": range(2)}),
    "sweeps.key": (sweeps.key, {"fn": echo, "spec": {"x": 1}, "version": "1"}),
    "sweeps.run": (
        sweeps.run,
        {"fn": echo, "specs": [{"x": 1}], "executor": None, "store": "store", "version": "1", "description": "runs"},
    ),
    "sweeps.run_here": (
        sweeps.run_here,
        {"fn": echo, "specs": [{"x": 1}], "workers": 1, "store": "store", "description": "runs"},
    ),
    "sweeps.Store.get": (lambda key: sweeps.Store("store").get(key), {"key": "0" * 12}),
    "theory.decay_time": (
        theory.decay_time,
        {
            **SYSTEM,
            "beta_true": PROBLEM.beta_true,
            "target_test_loss": 0.1,
            "learning_rate": 0.01,
            "first_order": True,
            "replacement": False,
            **NOISE,
        },
    ),
    "theory.largest_rate": (
        theory.largest_rate,
        {"X": PROBLEM.X, "interpolator": PROBLEM.beta_true, "init_scale": 0.5},
    ),
    "theory.late_decay_limit": (theory.late_decay_limit, {**SYSTEM, **DEPTH}),
    "theory.late_decay_limit_positive": (theory.late_decay_limit_positive, {**SYSTEM, "log_squares": np.zeros(6)}),
    "theory.slow_flow": (
        theory.slow_flow,
        {**SYSTEM, "slow_times": [0.0, 0.1], "learning_rate": 0.01, "replacement": False, **NOISE},
    ),
    "training.TrainConfig": (
        training.TrainConfig,
        {
            **CONFIG,
            **{f.name: f.default for f in training.TrainConfig.__dataclass_fields__.values() if f.name not in CONFIG},
        },
    ),
    "training.branches": (
        training.branches,
        {
            "config": training.TrainConfig(**CONFIG),
            "decay_epochs": [0],
            "seeds": [0],
            "trunk_epochs": [0],
            "device": "cpu",
            "store": "checkpoint",
        },
    ),
    "training.scheduled": (
        training.scheduled,
        {
            "config": training.TrainConfig(**CONFIG),
            "schedules": {"constant": schedules.constant(0.1)},
            "seeds": [0],
            "device": "cpu",
        },
    ),
    "training.trials": (
        training.trials,
        {
            "config": training.TrainConfig(**CONFIG),
            "decay_epochs": [0],
            "seeds": [0],
            "length": 1,
            "device": "cpu",
        },
    ),
    "training.errors": (
        training.errors,
        {
            "config": RUNS.config,
            "weights": RUNS.weights,
            "samples": data.Split(np.ones((2, 8, 8), np.float32), np.zeros(2, np.int64)),
        },
    ),
    "data.Dataset": (
        data.Dataset,
        {"name": "mine", "train": SPLIT, "test": SPLIT, "num_classes": 2},
    ),
    "landscape.around": (
        landscape.around,
        {"centre": POINTS[0], "radius": 0.1, "losses": {"train": quadratic}, "num": 2, "seed": 0},
    ),
    "landscape.line": (
        landscape.line,
        {"a": POINTS[0], "b": POINTS[1], "losses": {"train": quadratic}, "num": 3, "span": (0.0, 1.0)},
    ),
    "landscape.bezier": (
        landscape.bezier,
        {"a": POINTS[0], "b": POINTS[1], "losses": {"train": quadratic}, "train": "train", "num": 3, "max_steps": 1},
    ),
    "landscape.plane_along": (
        landscape.plane_along,
        {"origin": POINTS[0], "first": POINTS[1], "second": POINTS[2]},
    ),
    "landscape.random_directions": (landscape.random_directions, {"like": POINTS[0], "num": 2, "seed": 0}),
    "landscape.motion": (landscape.motion, {"ends": POINTS, "trunk": POINTS + 1}),
    "landscape.project": (landscape.project, {"plane": plane(), "weights": POINTS}),
    "landscape.hessian": (landscape.hessian, {"loss": quadratic, "vector": POINTS[0]}),
    "landscape.trace": (landscape.trace, {"loss": quadratic, "vector": POINTS[0], "num_probes": 2, "seed": 0}),
    "landscape.top_eigenvalues": (
        landscape.top_eigenvalues,
        {"loss": quadratic, "vector": POINTS[0], "num": 1, "tolerance": 0.1, "max_products": 20, "seed": 0},
    ),
    "model.Weights": (model.Weights, {"p": np.ones(2), "m": np.ones(2)}),
    "model.MatrixProblem": (
        model.MatrixProblem,
        {"A": np.eye(4).reshape(4, 2, 2)[:3], "y": np.ones(3), "truth": np.ones((2, 2))},
    ),
    "model.grid": (model.grid, {"x": [1, 2], "seed": [0]}),
    "model.matrix_sgd": (
        model.matrix_sgd,
        {
            "problem": MATRIX,
            "schedule": schedules.constant(0.01),
            "num_steps": 2,
            "seeds": [0],
            "record": [1],
            **NOISE,
        },
    ),
    "theory.budget_test_loss": (
        theory.budget_test_loss,
        {
            **SYSTEM,
            "beta_true": PROBLEM.beta_true,
            "schedule": schedules.constant(np.array([0.01])),
            "num_steps": 5,
            **NOISE,
        },
    ),
    "theory.centre_increment": (theory.centre_increment, {"step": 0.1}),
    "theory.centre_variance": (
        theory.centre_variance,
        {"X": PROBLEM.X, "magnitude": np.ones(6), "learning_rate": 0.01, "label_noise": 0.5, "batch_size": 1},
    ),
    "theory.deviation_bound": (theory.deviation_bound, {"X": PROBLEM.X, "beta_true": PROBLEM.beta_true, **DEPTH}),
    "theory.divergence": (theory.divergence, {"p": np.ones(6), "m": np.ones(6), "interpolator": PROBLEM.beta_true}),
    "theory.fluctuation_test_loss": (
        theory.fluctuation_test_loss,
        {"X": PROBLEM.X, "magnitude": np.ones(6), "learning_rate": 0.01, "label_noise": 0.5, "batch_size": 1},
    ),
    "theory.identity_residuals": (
        theory.identity_residuals,
        {"p": np.ones(6), "m": np.ones(6), "p_next": np.ones(6), "m_next": np.ones(6), "step": np.zeros(6)},
    ),
    "theory.kappa_star": (theory.kappa_star, {"X": PROBLEM.X, "beta_true": PROBLEM.beta_true}),
    "theory.mean_squared_gradient": (
        theory.mean_squared_gradient,
        {"X": PROBLEM.X, "residual": np.ones(3), "label_noise": 0.5, "batch_size": 1, "replacement": False},
    ),
    "theory.norm_excess_bound": (theory.norm_excess_bound, {**SYSTEM, **DEPTH}),
    "theory.plateau_level": (
        theory.plateau_level,
        {"norm_squared": 1.0, "learning_rate": 0.01, "label_noise": 0.5, "batch_size": 1},
    ),
    "theory.recovery_probability": (
        theory.recovery_probability,
        {"num_samples": 3, "num_features": 6, "sparsity": 1},
    ),
    "theory.remembered_rate": (theory.remembered_rate, {"rates": np.ones(3), "relaxation": np.ones(2)}),
    "theory.sample_size": (theory.sample_size, {"num_features": 6, "sparsity": 1, "failure": 0.05}),
    "theory.schedule_limit": (
        theory.schedule_limit,
        {
            **SYSTEM,
            "schedule": schedules.constant(0.01),
            "steps": [2],
            "first_order": True,
            "replacement": False,
            **NOISE,
        },
    ),
    "theory.schedule_log_scale": (
        theory.schedule_log_scale,
        {
            **SYSTEM,
            "schedule": schedules.constant(0.01),
            "steps": [2],
            "first_order": True,
            "replacement": False,
            **NOISE,
        },
    ),
    "theory.slow_log_scale": (
        theory.slow_log_scale,
        {**SYSTEM, "slow_times": [0.0, 0.1], "learning_rate": 0.01, "replacement": False, **NOISE},
    ),
    "theory.tail_drift_bound": (
        theory.tail_drift_bound,
        {"train_loss": 1.0, "rate": 1.0, "decayed_rate": 0.1},
    ),
    "theory.tail_rate": (theory.tail_rate, {"X": PROBLEM.X, "log_scale": np.zeros(6)}),
    "theory.waiting_bound": (
        theory.waiting_bound,
        {"X": PROBLEM.X, "interpolator": PROBLEM.beta_true, "init_scale": 0.5, "learning_rate": 0.01},
    ),
    "theory.weighted_norm_excess_bound": (
        theory.weighted_norm_excess_bound,
        {**SYSTEM, "init_scale": 0.5, "depths": [1.0]},
    ),
    "theory.width_squared": (theory.width_squared, {"num_features": 6, "sparsity": 1}),
    "training.at_training_loss": (training.at_training_loss, {"runs": RUNS, "level": 0.1}),
}


RETURNED = "made by the library, not by a caller"
THROUGH_BUILD = "asked for by name in networks.build, which checks what it is given"
NET_AND_VECTOR = "takes a network and vectors that fit it: spoilt in tests/landscape, by hand"
LEFT_OUT = {
    RETURNED: {
        "landscape": ("Alignment", "Curve", "Motion", "Plane", "Profile", "Spectrum", "Surface", "Trace", "Trajectory"),
        "model": ("MatrixPath", "MinimumNorm", "Path"),
        "solvers": ("BasisPursuit", "Descent", "NuclearNorm", "Projection"),
        "sweeps": ("Failure", "Sweep"),
        "theory": ("Deviation", "Exponent", "Identities"),
        "training": ("Branches", "Matched", "Scheduled", "Trials"),
    },
    THROUGH_BUILD: {"networks": ("CNN1d", "CNN2d", "MLP", "ResNet18")},
    NET_AND_VECTOR: {"landscape": ("Loss", "align", "filter_normalised", "permute")},
    "the engine behind training.branches, which checks what it is given": {"training": ("Ensemble",)},
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Names of files are relative ones here."""
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    monkeypatch.setenv("LRDECAY_STATIC", "1")


def refused(entry, name, value):
    """Call with one argument spoilt: return whether it was refused, by an error that names an argument."""
    call, good = TABLE[entry]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            call(**{**good, name: value})
        except (ValueError, RuntimeError) as error:
            named = "`device`" if isinstance(error, RuntimeError) else r"`\w+"
            if not re.search(named, str(error)):
                raise AssertionError(f"{entry}({name}={value!r:.50}) names no argument: {error}") from error
            return True
    return False


ENTRIES = [pytest.param(entry, marks=pytest.mark.timeout(60)) for entry in TABLE]


@pytest.mark.parametrize("entry", ENTRIES)
def test_odd_arguments(entry):
    for name in TABLE[entry][1]:
        for value in ODD:
            refused(entry, name, value)
        for value in NEVER:
            assert refused(entry, name, value), f"{entry} takes {value!r} as its {name}"


@pytest.mark.parametrize("entry", ENTRIES)
@FEW
@given(choice=st.data())
def test_drawn_arguments(entry, choice):
    refused(entry, choice.draw(st.sampled_from(sorted(TABLE[entry][1]))), choice.draw(NESTED))


@pytest.mark.slow
@pytest.mark.parametrize("entry", ENTRIES)
@MANY
@given(choice=st.data())
def test_many_drawn_arguments(entry, choice):
    refused(entry, choice.draw(st.sampled_from(sorted(TABLE[entry][1]))), choice.draw(NESTED))


@pytest.mark.parametrize("entry", sorted(set(TABLE) - {"executors.dask"}))
def test_the_good_arguments_are_good(entry):
    call, good = TABLE[entry]
    call(**good)


def test_every_public_name_is_in_the_table_or_left_out_for_a_reason():
    public = set()
    for room in ROOMS:
        module = importlib.import_module(f"lrdecay_core.{room}")
        names = {name: getattr(module, name) for name in module.__all__}
        public |= {
            f"{room}.{name}"
            for name, value in names.items()
            if (inspect.isfunction(value) or inspect.isclass(value)) and inspect.signature(value).parameters
        }
    left_out = {f"{room}.{name}" for rooms in LEFT_OUT.values() for room, names in rooms.items() for name in names}
    assert public - left_out == {entry for entry in TABLE if entry.count(".") == 1}


@SOME
@given(specs=NESTED)
def test_a_store_gives_back_what_was_returned(specs):
    """NaN included, and whatever the specs are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = sweeps.run(echo, specs, store="store")
        except ValueError:
            return
    for spec, result in zip(found.specs, found.results, strict=True):
        if result is not None:
            assert repr(sweeps.Store("store").get(sweeps.key(echo, spec))[0]) == repr(result)


@SOME
@given(content=st.binary(max_size=200))
def test_files(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(storage.DamagedFile, match="`path`"):
        storage.load(tmp_path / "file")
    with pytest.raises(ValueError, match="`store`"):
        checkpoint.load(tmp_path / "file", key="0" * 12)
