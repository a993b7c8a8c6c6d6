"""A figure with sliders, said once: what it computes, draws and reads out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, Self, TypeVar

from matplotlib.figure import Figure

from lrdecay_core.explorers.controls import Control, accepted

__all__ = ["View"]

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
