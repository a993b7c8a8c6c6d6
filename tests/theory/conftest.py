"""An independent road to the limit of gradient flow: a stiff ODE solver on the 2d weights, no theory."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp


def flow_to_the_end(X, y, p, m):
    """Integrate dp/dt = -p g, dm/dt = m g until the residual is at rounding; return beta."""
    n, d = X.shape
    X, y = np.ascontiguousarray(X), np.asarray(y)

    def velocity(_, w):
        g = (X @ (w[:d] ** 2 - w[d:] ** 2) - y) @ X / n
        return np.concatenate([-w[:d] * g, w[d:] * g])

    def jacobian(_, w):
        p, m = w[:d], w[d:]
        g = (X @ (p**2 - m**2) - y) @ X / n
        K = X.T @ X / n
        top = np.hstack([-2 * p[:, None] * K * p, 2 * p[:, None] * K * m])
        bottom = np.hstack([2 * m[:, None] * K * p, -2 * m[:, None] * K * m])
        return np.vstack([top, bottom]) + np.diag(np.concatenate([-g, g]))

    w, span = np.concatenate([p, m]), 20.0
    for _ in range(14):
        # the smallest tolerance LSODA takes; pm must be conserved to its relative accuracy, so no absolute one
        w = solve_ivp(velocity, (0, span), w, method="LSODA", jac=jacobian, rtol=3e-14, atol=1e-30).y[:, -1]
        if np.abs(X @ (w[:d] ** 2 - w[d:] ** 2) - y).max() < 3e-12:
            break
        span *= 2
    return w[:d] ** 2 - w[d:] ** 2


@pytest.fixture
def gradient_flow():
    return flow_to_the_end
