"""How many samples basis pursuit needs to recover a sparse truth."""

from __future__ import annotations

import math

from scipy.optimize import minimize_scalar
from scipy.special import ndtr

from lrdecay_core import checks

__all__ = ["recovery_probability", "sample_size", "width_squared"]


def width_squared(num_features: int, sparsity: int) -> float:
    r"""Return the bound on the squared Gaussian width of the l1 descent cone at an s-sparse vector.

    omega^2 <= min_t { s (1 + t^2) + (d - s) E(|g| - t)_+^2 } <= 2 s log(d / s) + 1.16 s, g standard normal: the first
    is returned. It is the number of random measurements from which recovery is likely. Source: Chandrasekaran,
    Recht, Parrilo and Willsky (2012); the constant 1.16 is ours, from Mills' ratio.

    >>> 10 < width_squared(40, 3) < 2 * 3 * math.log(40 / 3) + 1.16 * 3
    True
    """
    d = checks.integer("num_features", num_features, minimum=1)
    s = checks.integer("sparsity", sparsity, minimum=1, maximum=d)

    def width(t: float) -> float:
        density = math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
        excess = 2 * ((1 + t * t) * float(ndtr(-t)) - t * density)
        return s * (1 + t * t) + (d - s) * excess

    return float(minimize_scalar(width, bounds=(0, math.sqrt(2 * math.log(d / s)) + 1), method="bounded").fun)


def recovery_probability(num_samples: int, num_features: int, sparsity: int) -> float:
    r"""Return a lower bound on the probability that basis pursuit recovers a fixed s-sparse vector, i.i.d. Gaussian X.

    1 - exp(-(l_n - omega)^2 / 2) with l_n = n / sqrt(n + 1) <= E|g_n|, and 0 where l_n <= omega. Stated for Gaussian
    columns as they are; with normalised columns it is an observation. Source: Gordon's escape theorem, in
    Chandrasekaran, Recht, Parrilo and Willsky (2012).
    """
    n = checks.integer("num_samples", num_samples, minimum=1)
    room = n / math.sqrt(n + 1) - math.sqrt(width_squared(num_features, sparsity))
    return -math.expm1(-room * room / 2) if room > 0 else 0.0


def sample_size(num_features: int, sparsity: int, *, failure: float = 0.05) -> int:
    """Return the least n for which ``recovery_probability`` is at least 1 - ``failure``, failure in (0, 1).

    >>> n = sample_size(100, 4)
    >>> recovery_probability(n, 100, 4) >= 0.95 > recovery_probability(n - 1, 100, 4)
    True
    """
    failure = checks.fraction("failure", checks.positive("failure", failure))
    needed = math.sqrt(width_squared(num_features, sparsity)) + math.sqrt(-2 * math.log(failure))
    n = max(1, math.floor(needed**2))  # n / sqrt(n + 1) >= needed, from just below upwards
    while n / math.sqrt(n + 1) < needed:
        n += 1
    return n
