"""Descent on any loss of a flat vector, to a fixed rule.

It finds test-optimal solutions and connecting curves. Descent on a *testing* loss is a probe of the landscape: it asks
where the nearest testing minimum is. It is never a training method, and its testing loss says nothing about new data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lrdecay_core import checks, environment

__all__ = ["Descent", "descend"]

ARMIJO, HALVINGS = 1e-4, 30
Pairs = list[tuple[Tensor, Tensor, Tensor]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Descent:
    """Where descent ended, and why; every array has the leading axes of the start."""

    solution: Tensor
    """(..., P)"""
    loss: np.ndarray
    """(...)"""
    start_loss: np.ndarray
    """(...)"""
    gradient_norm: np.ndarray
    """(...) Euclidean, at the solution."""
    steps: np.ndarray
    """(...) accepted steps."""
    reason: np.ndarray
    """(...) ``"loss"``: target reached; ``"gradient"``: its norm is below the bound; ``"steps"``: none left;
    ``"stalled"``: no shorter step along the direction lowers the loss, as at rounding level."""


def descend(
    loss: Callable[[Tensor], Tensor],
    start: Tensor | np.ndarray,
    *,
    target: float = 0.01,
    gradient_bound: float = 1e-4,
    max_steps: int = 1000,
    memory: int = 0,
) -> Descent:
    """Descend from each start until its loss is at most ``target`` times its start or its gradient is small.

    Every step lowers the loss (backtracking, Armijo's rule), so no rate is to be tuned. A run is the same alone and
    in a batch.

    Args:
        loss: differentiable; (P,) -> () for one start, (R, P) -> (R,) for R.
        start: (P,) or (R, P).
        target: fraction of the starting loss, in [0, 1); 0: no goal for the loss.
        gradient_bound: Euclidean norm of the gradient at which to stop.
        max_steps: accepted steps per run.
        memory: 0: steepest descent, which follows the gradient flow. m: L-BFGS with m pairs, which reaches a minimum
            sooner and not always the one down the flow.

    Raises:
        ValueError: the loss is not finite at a start, does not depend on it, or has another shape.

    >>> found = descend(lambda v: (v - 3).square().sum(), torch.zeros(2), target=0, gradient_bound=1e-3)
    >>> found.solution.round(decimals=2), str(found.reason)
    (tensor([3., 3.]), 'gradient')
    """
    checks.function("loss", loss)
    target, bound = checks.fraction("target", target), checks.non_negative("gradient_bound", gradient_bound)
    checks.integer("max_steps", max_steps, minimum=1), checks.integer("memory", memory)
    if not isinstance(start, Tensor):
        rows = checks.array("start", start, dtype=None)
        start = torch.as_tensor(rows if rows.dtype.kind == "f" else checks.finite_array("start", rows))
    given = start.detach()
    if given.ndim not in (1, 2) or not given.numel() or not given.is_floating_point():
        raise ValueError(f"`start` must be (P,) or (R, P) in floating point, got {tuple(given.shape)} {given.dtype}")
    run = _Runs(loss, given, target, bound)
    for _ in environment.progress(range(max_steps), "descent"):
        if not run.settle().any():
            break
        run.step(memory)
    run.settle()
    lead = given.shape[:-1]

    def shaped(values: Tensor) -> np.ndarray:
        return np.asarray(values.cpu().numpy()).reshape(lead)

    return Descent(
        solution=run.x.reshape(given.shape),
        loss=shaped(run.loss),
        start_loss=shaped(run.start_loss),
        gradient_norm=shaped(run.gradient.norm(dim=1)),
        steps=shaped(run.steps),
        reason=np.array(run.reason).reshape(lead),
    )


class _Runs:
    """R descents side by side; rows that have stopped are not evaluated any more."""

    def __init__(self, loss: Callable[[Tensor], Tensor], start: Tensor, target: float, bound: float) -> None:
        self._loss = loss if start.ndim == 2 else lambda rows: loss(rows[0])[None]
        self.x = start.reshape(-1, start.shape[-1]).clone()
        self.loss, self.gradient = self._evaluate(self.x)
        if not (self.loss.isfinite().all() and self.gradient.isfinite().all()):
            raise ValueError(f"`loss` must be finite with a finite gradient at `start`, got {self.loss.tolist()}")
        self.start_loss = self.loss.clone()
        if target and (self.loss < 0).any():
            raise ValueError(
                f"`target` must be 0 where a loss starts below 0, of which no fraction is lower, got {target}"
            )
        self._goals, self._bound = target * self.loss if target else torch.full_like(self.loss, -torch.inf), bound
        self.reason = ["steps"] * len(self.x)
        self.active = torch.ones(len(self.x), dtype=torch.bool, device=self.x.device)
        self.stalled = torch.zeros_like(self.active)
        self.steps = torch.zeros(len(self.x), dtype=torch.int64, device=self.x.device)
        self.length = 1 / self.gradient.norm(dim=1).clamp_min(1.0)
        self.pairs: Pairs = []
        self.scale = torch.ones_like(self.length)  # 1 / curvature of the latest pair that has any

    def _evaluate(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        v = rows.detach().requires_grad_()
        with torch.enable_grad():
            values = self._loss(v)
            if values.shape != (len(rows),):
                raise ValueError(
                    f"`loss` must return one number per row of `start`, ({len(rows)},), got {tuple(values.shape)}"
                )
            if not values.requires_grad:
                raise ValueError("`loss` must depend on its vector by differentiable torch operations")
            (gradient,) = torch.autograd.grad(values.sum(), v)
        return values.detach(), gradient

    def settle(self) -> Tensor:
        """Stop the rows that are done, note why, and return which are active."""
        done = {"loss": self.loss <= self._goals, "gradient": self.gradient.norm(dim=1) <= self._bound}
        for word, hit in (done | {"stalled": self.stalled}).items():
            for row in (self.active & hit).nonzero().flatten().tolist():
                self.reason[row] = word
            self.active &= ~hit
        return self.active

    def step(self, memory: int) -> None:
        """Move every active row once, or mark it as stalled."""
        direction = -_precondition(self.gradient, self.pairs, self.scale)
        slope = (direction * self.gradient).sum(dim=1)
        uphill = ~(slope < 0)
        direction = torch.where(uphill[:, None], -self.gradient, direction)
        slope = torch.where(uphill, -self.gradient.square().sum(dim=1), slope)
        pending = self.active.clone()
        old_x, old_gradient = self.x.clone(), self.gradient.clone()
        for _ in range(HALVINGS):
            rows = pending.nonzero().flatten()
            trial = self.x[rows] + self.length[rows, None] * direction[rows]
            values, gradients = self._evaluate(trial)
            enough = values <= self.loss[rows] + ARMIJO * self.length[rows] * slope[rows]
            good = enough & (values < self.loss[rows]) & gradients.isfinite().all(dim=1)
            taken = rows[good]
            self.x[taken], self.loss[taken], self.gradient[taken] = trial[good], values[good], gradients[good]
            self.steps[taken] += 1
            pending[taken] = False
            if not pending.any():
                break
            self.length[pending] *= 0.5
        self.stalled |= pending
        if not memory:
            self.length *= 2
            return
        s, y = self.x - old_x, self.gradient - old_gradient
        curvature = (s * y).sum(dim=1)
        self.length = torch.where(curvature > 0, 1.0, self.length)
        rho = torch.where(curvature > 0, 1 / curvature, 0.0)
        self.pairs = [*self.pairs, (s, y, rho)][-memory:]
        self.scale = torch.where(rho > 0, 1 / (rho * y.square().sum(dim=1)), self.scale)


def _precondition(gradient: Tensor, pairs: Pairs, scale: Tensor) -> Tensor:
    """Return H g per row, H the inverse Hessian of L-BFGS (Nocedal 1980); pairs without curvature do not count."""
    q, coefficients = gradient.clone(), []
    for s, y, rho in reversed(pairs):
        coefficients.append(rho * (s * q).sum(dim=1))
        q -= coefficients[-1][:, None] * y
    q *= scale[:, None]
    for (s, y, rho), a in zip(pairs, reversed(coefficients), strict=True):
        q += s * (a - rho * (y * q).sum(dim=1))[:, None]
    return q
