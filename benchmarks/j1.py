"""SGD ensembles on the model: the library against a module per run, a hand-written loop per run, and JAX."""

from __future__ import annotations

from typing import Any

from benchmarks import ratio  # first: it pins the process

import numpy as np  # isort: skip
import torch  # isort: skip

from lrdecay_core import model, schedules  # isort: skip
from lrdecay_core.model import batches, kernels  # isort: skip

ETA, STD = 0.02, 0.5
SIZES = {  # name: (d, n, B, runs)
    "d=40, n=20, B=4": (40, 20, 4, 256),
    "d=100, n=40, B=4": (100, 40, 4, 256),
    "d=1000, n=200, B=8": (1000, 200, 8, 32),
}
STEPS = 1024


class Product(torch.nn.Module):
    """f(x) = <u * v, x>, as anyone would write it."""

    def __init__(self, d: int, scale: float) -> None:
        super().__init__()
        self.u = torch.nn.Parameter(torch.full((d,), 2 * scale, dtype=torch.float64))
        self.v = torch.nn.Parameter(torch.zeros(d, dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B,) for x (B, d)."""
        return x @ (self.u * self.v)


def by_module(X: torch.Tensor, y: torch.Tensor, indices: torch.Tensor, noise: torch.Tensor) -> np.ndarray:
    """One run with ``nn.Module`` and ``optim.SGD``; returns beta."""
    net = Product(X.shape[1], 0.5)
    optimizer = torch.optim.SGD(net.parameters(), lr=ETA)
    for i, xi in zip(indices, noise, strict=True):
        optimizer.zero_grad()
        loss = (net(X[i]) - y[i] - STD * xi).square().mean() / 2
        loss.backward()
        optimizer.step()
    return (net.u * net.v).detach().numpy()


def by_hand(X: torch.Tensor, y: torch.Tensor, indices: torch.Tensor, noise: torch.Tensor) -> np.ndarray:
    """One run with the gradient written out in torch; returns beta."""
    p = torch.full((X.shape[1],), 0.5, dtype=torch.float64)
    m = p.clone()
    for i, xi in zip(indices, noise, strict=True):
        rows = X[i]
        step = ETA / len(i) * (rows.T @ (rows @ (p * p - m * m) - y[i] - STD * xi))
        p, m = p * (1 - step), m * (1 + step)
    return (p * p - m * m).numpy()


def by_jax(X: np.ndarray, y: np.ndarray, runs: int, batch: int) -> tuple[Any, dict[str, Any]]:
    """Return (beta of given draws, {name: one block with JAX's own random numbers}); raise ImportError without JAX."""
    import jax
    import jax.numpy as jnp

    # the functions below are left untyped: JAX calls them with tracers
    Xj, yj = jnp.asarray(X), jnp.asarray(y)
    n, start = len(y), jnp.full((runs, X.shape[1]), 0.5)

    def step(state, draw):  # type: ignore[no-untyped-def]
        (p, m), (i, xi) = state, draw
        rows = Xj[i]
        residual = jnp.einsum("rbd,rd->rb", rows, p * p - m * m) - yj[i] - STD * xi
        g = ETA / batch * jnp.einsum("rb,rbd->rd", residual, rows)
        return (p * (1 - g), m * (1 + g)), None

    @jax.jit
    def given(indices, noise):  # type: ignore[no-untyped-def]
        (p, m), _ = jax.lax.scan(step, (start, start), (indices, noise))
        return p * p - m * m

    @jax.jit
    def drawn_before(key):  # type: ignore[no-untyped-def]
        one, two = jax.random.split(key)
        shape = (STEPS, runs, batch)
        noise = jax.random.rademacher(two, shape, dtype=jnp.float32).astype(jnp.float64)
        return given(jax.random.randint(one, shape, 0, n, dtype=jnp.int32), noise)

    @jax.jit
    def drawn_inside(key):  # type: ignore[no-untyped-def]
        def run(key):  # type: ignore[no-untyped-def]
            def one(state, key):  # type: ignore[no-untyped-def]
                a, b = jax.random.split(key)
                p, m = state
                i = jax.random.randint(a, (batch,), 0, n, dtype=jnp.int32)
                xi = jax.random.rademacher(b, (batch,), dtype=jnp.float32)
                g = ETA / batch * (Xj[i].T @ (Xj[i] @ (p * p - m * m) - yj[i] - STD * xi))
                return (p * (1 - g), m * (1 + g)), None

            return jax.lax.scan(one, (start[0], start[0]), jax.random.split(key, STEPS))[0]

        return jax.vmap(run)(jax.random.split(key, runs))

    key = jax.random.key(0)
    ways = {"JAX, scan over drawn numbers": drawn_before, "JAX, vmap of scan": drawn_inside}
    return given, {name: (lambda f=f: jax.block_until_ready(f(key))) for name, f in ways.items()}


def stochastic(size: str, rounds: int) -> dict[str, Any]:
    """Return the comparison for one size, after asserting that every variant makes the same steps."""
    d, n, batch, runs = SIZES[size]
    problem = model.Problem.sparse(num_samples=n, num_features=d, sparsity=3, seed=2)
    rate = schedules.constant(ETA)
    settings: dict[str, Any] = {"schedule": rate, "batch_size": batch, "label_noise": STD, "init_scale": 0.5}

    def ours() -> model.Path:
        return model.sgd(problem, num_steps=STEPS, seeds=range(runs), **settings)

    def tensors() -> None:
        kernels.COMPILED = False
        try:
            ours()
        finally:
            kernels.COMPILED = True

    indices, noise = batches.draws(0, STEPS, num_samples=n, batch_size=batch)
    X, y, i, xi = (torch.from_numpy(a) for a in (problem.X.copy(), problem.y.copy(), indices, noise))
    expected = ours().beta[0, 0]
    single = {"nn.Module and optim.SGD": by_module, "torch by hand": by_hand}
    variants = {"ours": ratio.Variant(ours, runs * STEPS), "ours, tensors": ratio.Variant(tensors, runs * STEPS)}
    for name, way in single.items():
        np.testing.assert_allclose(way(X, y, i, xi), expected, rtol=0, atol=1e-11)
        variants[name] = ratio.Variant(lambda way=way: way(X, y, i[:250], xi[:250]), 250)
    given, ways = by_jax(problem.X, problem.y, runs, batch)
    same = np.asarray(given(np.repeat(indices[:, None], runs, 1), np.repeat(noise[:, None], runs, 1)))
    np.testing.assert_allclose(same[-1], expected, rtol=0, atol=1e-11)
    variants |= {name: ratio.Variant(way, runs * STEPS) for name, way in ways.items()}
    return ratio.compare(variants, ours="ours", flop=d * (4 * batch + 7), dtype=torch.float64, rounds=rounds)


def tail(rounds: int) -> dict[str, Any]:
    """Return the comparison for noiseless full batches, d=100, n=40, 2048 runs."""
    d, n, runs, steps = 100, 40, 2048, 200
    problem = model.Problem.sparse(num_samples=n, num_features=d, sparsity=3, seed=2)
    X, y = torch.from_numpy(problem.X.copy()), torch.from_numpy(problem.y.copy())
    start = np.random.default_rng(0).uniform(0.3, 0.7, (2, runs, d))
    weights = model.Weights(start[0], start[1])

    def ours() -> model.Path:
        return model.sgd(
            problem, schedule=schedules.constant(ETA), num_steps=steps, batch_size=n, weights=weights, seeds=range(runs)
        )

    def one() -> np.ndarray:
        p, m = torch.from_numpy(start[0, 0].copy()), torch.from_numpy(start[1, 0].copy())
        for _ in range(steps):
            step = ETA / n * (X.T @ (X @ (p * p - m * m) - y))
            p, m = p * (1 - step), m * (1 + step)
        return (p * p - m * m).numpy()

    np.testing.assert_allclose(ours().beta[0, 0], one(), rtol=0, atol=1e-12)
    variants = {
        "ours": ratio.Variant(ours, runs * steps),
        "torch by hand": ratio.Variant(lambda: [one() for _ in range(10)], 10 * steps),
    }
    return ratio.compare(variants, ours="ours", flop=d * (4 * n + 7), dtype=torch.float64, rounds=rounds)
