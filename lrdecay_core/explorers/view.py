"""A figure with sliders, said once: its controls, and what it computes, draws and reads out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Self, TypeVar

import numpy as np
from matplotlib.figure import Figure

from lrdecay_core import checks

__all__ = ["Control", "View", "accepted"]


@dataclass(frozen=True, kw_only=True)
class Control:
    """One quantity a reader can change, its range and where it starts.

    >>> Control(key="rate", label="learning rate", min=0.01, max=0.1, step=0.02, value=0.05, log=True).positions[:2]
    (0.01, 0.0105)

    Raises:
        ValueError: the range is empty, the step is not positive, or the start is not a value it takes.
    """

    key: str
    """Name in the values handed to ``compute``."""
    label: str
    min: float
    max: float
    step: float
    """Distance of two slider positions; of their logarithms to base 10 if ``log``. Typed values may lie between."""
    value: float
    """Where it starts."""
    log: bool = False
    whole: bool = False
    """Takes whole numbers alone."""
    choices: tuple[int, ...] = ()
    """The only values it takes, increasing, if there are such: see :meth:`among`."""
    names: tuple[str, ...] = ()
    """A word for each of the choices, shown and typed in its place: see :meth:`named`."""

    @classmethod
    def among(cls, key: str, label: str, choices: Sequence[int], value: int) -> Control:
        """Return a control that takes the given whole numbers alone, two or more, such as the epochs on record.

        >>> Control.among("decay", "decay epoch", (10, 30, 100), 30).positions
        (10, 30, 100)
        """
        taken = tuple(int(c) for c in choices)
        if len(taken) < 2 or list(taken) != sorted(set(taken)):
            raise ValueError(f"`choices` must be two or more increasing whole numbers, got {taken}")
        return cls(key=key, label=label, min=taken[0], max=taken[-1], step=1, value=value, whole=True, choices=taken)

    @classmethod
    def named(cls, key: str, label: str, names: Sequence[str], value: int) -> Control:
        """Return a control among things with names, two or more; its value is the position of one, from 0.

        >>> Control.named("family", "schedule", ("step", "linear"), 1).positions
        (0, 1)
        """
        words = tuple(names)
        if len(words) < 2 or len({word.lower() for word in words}) < len(words) or not all(words):
            raise ValueError(f"`names` must be two or more different words, got {words}")
        return replace(cls.among(key, label, range(len(words)), value), names=words)

    def __post_init__(self) -> None:
        """Validate."""
        checks.positive("step", self.step)
        if not self.min < self.max or (self.log and self.min <= 0):
            raise ValueError(f"`min` must lie below `max`, and above 0 on a log scale, got {self.min} and {self.max}")
        self.check(self.value)

    def check(self, value: Any) -> float | int:
        """Return ``value`` as a number this control takes, or raise ValueError: nothing is clipped."""
        kind = "a whole number" if self.whole else "a number"
        wrong = isinstance(value, bool) or not isinstance(value, int | float | np.number) or not math.isfinite(value)
        if wrong or not self.min <= value <= self.max or (self.whole and value != int(value)):
            raise ValueError(f"`{self.key}` must be {kind} from {self.min:g} to {self.max:g}, got {value!r}")
        if self.choices and value not in self.choices:
            raise ValueError(f"`{self.key}` must be one of {', '.join(map(str, self.choices))}, got {value!r}")
        return int(value) if self.whole else float(value)

    @property
    def positions(self) -> tuple[float, ...]:
        """Values at the slider's positions; on a log scale rounded to three digits, as a page shows them."""
        if self.choices:
            return self.choices
        count = round((math.log10(self.max / self.min) if self.log else self.max - self.min) / self.step)
        raw = (self.min * 10 ** (k * self.step) if self.log else self.min + k * self.step for k in range(count + 1))
        digits = 3 if self.log else 12
        return tuple(min(self.max, max(self.min, float(f"{x:.{digits}g}"))) for x in raw)


def accepted(controls: tuple[Control, ...], given: dict[str, Any]) -> dict[str, float | int]:
    """Return the values of all controls, those not given at their start, or raise ValueError for what none takes."""
    known = {c.key: c for c in controls}
    strange = sorted(set(given) - set(known))
    if strange:
        raise ValueError(f"`values` must name controls, {sorted(known)}, got {strange}")
    return {key: c.check(given.get(key, c.value)) for key, c in known.items()}


S = TypeVar("S")


@dataclass(frozen=True, kw_only=True, eq=False)
class View(Generic[S]):
    """What an explorer's two forms share: the widget of ``live`` and the page of ``page`` are made from it."""

    name: str
    """Its JavaScript module, ``js/<name>.js``, which exports ``compute``, ``read`` and ``mount``."""
    title: str
    caption: str
    """What the start view shows, in a sentence: its point."""
    alt: str
    """What one sees in the start view, for those who cannot."""
    controls: tuple[Control, ...]
    data: dict[str, Any]
    """What the script computes from, as JSON: a missing number is None."""
    compute: Callable[[dict[str, Any]], S]
    """Values of the controls to what is drawn."""
    draw: Callable[[S], Figure]
    read: Callable[[S], str]
    """One line that says what is drawn, word for word what the script says."""

    def at(self, **values: float) -> Self:
        """Return the same explorer with other start values.

        Raises:
            ValueError: a name is not a control, or a value outside its range.
        """
        start = accepted(self.controls, values)
        return replace(self, controls=tuple(replace(c, value=start[c.key]) for c in self.controls))

    def about(self, *, title: str, caption: str, alt: str) -> Self:
        """Return the same explorer introduced in other words, where its start view makes another point."""
        return replace(self, title=title, caption=caption, alt=alt)

    def state(self, **values: float) -> S:
        """Return what the explorer draws at the given values, the others at their start."""
        return self.compute(accepted(self.controls, values))
