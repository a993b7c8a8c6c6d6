"""The model on a common clock: where a decay at step T would land, for many learning rates, batch sizes and noises.

Where a decay lands is computed from the state at T (``theory.late_decay_limit``), so one run gives the whole curve
over T. Settings were chosen on problem seeds from 100 up and then run once on the seeds below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrdecay_core import environment, schedules, sweeps
from lrdecay_core.experiments.model.setting import INIT_SCALE, Arm, landing, sparse_problem
from lrdecay_core.model import Problem, grid, sgd
from lrdecay_core.theory import decay_time

__all__ = [
    "Curves",
    "Study",
    "describe",
    "landing_curves",
    "predicted_steps",
    "run",
    "study",
]


@dataclass(frozen=True, kw_only=True)
class Study:
    """Decayed test loss against slow time, for several arms on several problems."""

    problems: tuple[int, ...]
    """Seeds of ``Problem.sparse``: the replicates."""
    replicas: int
    """SGD seeds per problem, averaged."""
    rates: tuple[Arm, ...]
    """These differ in the learning rate alone: their curves are to fold onto one."""
    others: tuple[Arm, ...]
    """These differ from one of ``rates`` in batch size or label noise alone, for the exponents of the decay time."""
    silent: tuple[Arm, ...]
    """The control, without label noise."""
    depths: tuple[float, ...]
    """Increasing values of (sigma^2 / B) eta^2 T, at which every arm is read."""
    target: float
    """Test loss that defines the decay time."""

    @property
    def arms(self) -> tuple[Arm, ...]:
        """All arms in the order of the results: rates, others, silent."""
        return (*self.rates, *self.others, *self.silent)


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """What a study measured, and what theory says about its decay times."""

    study: Study
    test_loss: np.ndarray
    """(P, A, K, R) test loss after decay: problems, arms, depths, replicas."""
    predicted: np.ndarray
    """(P, A, 2) decay time in steps to leading and to first order; NaN where the curve does not reach the target."""
    seconds: float
    """Wall time, added up over processes."""

    @property
    def mean(self) -> np.ndarray:
        """(P, A, K) geometric mean over replicas."""
        return np.asarray(np.exp(np.log(self.test_loss).mean(axis=-1)))


def study(profile: str | None = None) -> Study:
    """Return the study of a profile (None: the one in force)."""
    return _QUICK if environment.is_quick(profile) else _BOOK


def run(settings: Study, *, workers: int | None = None) -> Curves:
    """Measure every arm on every problem, problems side by side in local processes."""
    specs = sweeps.grid(study=[settings], problem=settings.problems)
    found = sweeps.run_here(_one_problem, specs, workers=workers, description="problems")
    return Curves(
        study=settings,
        test_loss=found.column("test_loss"),
        predicted=found.column("predicted"),
        seconds=float(found.seconds.sum()),
    )


def landing_curves(problem: Problem, arms: Sequence[Arm], *, steps: np.ndarray, replicas: int) -> np.ndarray:
    """Return the test loss (A, K, R) that decay at each of the increasing ``steps`` leads to, on SGD seeds 0 to R - 1.

    The arms run side by side.

    Raises:
        ValueError: the arms have different batch sizes.
    """
    if len({arm.batch_size for arm in arms}) != 1:
        raise ValueError(f"`arms` must share one batch size, got {[arm.batch_size for arm in arms]}")
    rows = grid(arm=range(len(arms)), seed=range(replicas))
    rate, noise = (np.array([getattr(arms[k], name) for k in rows["arm"]]) for name in ("learning_rate", "label_noise"))
    path = sgd(
        problem,
        schedule=schedules.constant(rate),
        num_steps=int(steps[-1]),
        batch_size=arms[0].batch_size,
        label_noise=noise,
        init_scale=INIT_SCALE,
        seeds=rows["seed"],
        record=steps.tolist(),
    )
    loss = problem.test_loss(landing(problem, path))
    return np.moveaxis(loss.reshape(len(steps), len(arms), replicas), 1, 0)


def predicted_steps(problem: Problem, arm: Arm, target: float, *, first_order: bool) -> float:
    """Return the decay time of ``theory.decay_time`` for an arm with label noise, in steps."""
    return decay_time(
        problem.X,
        problem.y,
        problem.beta_true,
        target_test_loss=target,
        init_scale=INIT_SCALE,
        label_noise=arm.label_noise,
        batch_size=arm.batch_size,
        learning_rate=arm.learning_rate,
        first_order=first_order,
    )


def describe(settings: Study) -> str:
    """Return the settings in words, and the profile they belong to."""
    rates = ", ".join(f"{a.learning_rate:g}" for a in settings.rates)
    others = "; ".join(
        f"$\\eta = {a.learning_rate:g}$, $B = {a.batch_size}$, $\\sigma = {a.label_noise:g}$" for a in settings.others
    )
    base = settings.rates[0]
    longest = max(int(arm.steps(np.array(settings.depths))[-1]) for arm in settings.arms)
    return (
        f"{len(settings.problems)} problems, {settings.replicas} runs each from $p = m = {INIT_SCALE:g}$, batch size "
        f"$B = {base.batch_size}$, label noise $\\sigma = {base.label_noise:g}$. Learning rates $\\eta$: {rates}. For "
        f"the decay times also {others}. The longest run takes {longest:,} steps. "
        f"This page was computed in the `{environment.profile()}` profile."
    )


def _one_problem(spec: Mapping[str, Any]) -> dict[str, np.ndarray]:
    settings, problem = spec["study"], sparse_problem(spec["problem"])
    depths = np.array(settings.depths)
    loss = np.empty((len(settings.arms), len(depths), settings.replicas))
    for slots in _side_by_side(settings.arms, depths):
        arms = [settings.arms[k] for k in slots]
        loss[slots] = landing_curves(problem, arms, steps=arms[0].steps(depths), replicas=settings.replicas)
    reached = (np.exp(np.log(loss).mean(axis=-1)) <= settings.target).any(axis=1)
    return {"test_loss": loss, "predicted": _predicted(problem, settings, reached)}


def _side_by_side(arms: Sequence[Arm], depths: np.ndarray) -> list[list[int]]:
    """Return the positions of arms in groups of one batch size and the same steps: a batch of runs costs little more
    than one run.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for k, arm in enumerate(arms):
        groups.setdefault((arm.batch_size, *arm.steps(depths).tolist()), []).append(k)
    return list(groups.values())


def _predicted(problem: Problem, settings: Study, reached: np.ndarray) -> np.ndarray:
    """Return the decay times (A, 2) of theory, NaN for arms that have not reached the target.

    In either order sigma enters through sigma^2 tau alone, to leading order eta and B through eta^2 sigma^2 / B: what
    differs by such a factor is computed once.
    """
    found, known = np.full((len(settings.arms), 2), np.nan), {}
    for k, arm in enumerate(settings.arms):
        for order in (0, 1) if arm.label_noise and reached[k] else ():
            address = (order, arm.learning_rate, arm.batch_size) if order else order
            unit = arm.batch_size / (arm.learning_rate * arm.label_noise) ** 2
            if address not in known:
                known[address] = predicted_steps(problem, arm, settings.target, first_order=bool(order)) / unit
            found[k, order] = known[address] * unit
    return found


_BOOK = Study(
    problems=tuple(range(8)),
    replicas=8,
    rates=tuple(Arm(learning_rate=rate) for rate in (0.04, 0.03, 0.02, 0.01)),
    others=(
        Arm(learning_rate=0.02, batch_size=2),
        Arm(learning_rate=0.02, batch_size=8),
        Arm(learning_rate=0.02, label_noise=1.0),
        Arm(learning_rate=0.02, label_noise=4.0),
    ),
    silent=tuple(Arm(learning_rate=rate, label_noise=0.0) for rate in (0.04, 0.02)),
    depths=tuple(float(x) for x in np.geomspace(0.05, 5, 21)),
    target=0.1,
)
_QUICK = replace(
    _BOOK,
    problems=(0, 1),
    replicas=4,
    rates=(*_BOOK.rates[:3], Arm(learning_rate=0.015)),
    others=(*_BOOK.others[:2], _BOOK.others[3]),
)
