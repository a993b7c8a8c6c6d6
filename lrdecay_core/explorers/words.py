"""Numbers as the explorers print them: the twin of ``plain`` in ``js/chart.js``."""

from __future__ import annotations

import math

__all__ = ["plain"]


def plain(value: float | None) -> str:
    """Return a number as people write it, in three digits, whole from 1,000 on.

    >>> plain(0.00123456), plain(12345), plain(2.5e-7), plain(float("nan"))
    ('0.00123', '12,345', '2.5e-7', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if size and (size < 1e-4 or size >= 1e7):
        digits, exponent = f"{value:.1e}".split("e")
        return f"{digits}e{'-' if exponent[0] == '-' else '+'}{int(exponent[1:])}"
    if size >= 1000:
        return f"{math.floor(value + 0.5):,}"
    return f"{float(f'{value:.3g}'):.10g}"
