"""One object, two lives: a widget where a kernel can answer, a page that needs none where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Generic, TypeVar

from matplotlib.figure import Figure

from lrdecay_core import environment
from lrdecay_core.explorers.controls import Control, accepted

__all__ = ["Explorer"]

S = TypeVar("S")


@dataclass(frozen=True, kw_only=True, eq=False)
class Explorer(Generic[S]):
    """A figure with sliders, shown by being the last value of a cell.

    In a live notebook it is an ipywidgets figure that calls the library at every move. While pages are built
    (``LRDECAY_STATIC=1``) it is HTML with one inline script that loads nothing and needs no kernel. Never both, so no
    page shows a slider that moves nothing.
    """

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

    def at(self, **values: float) -> Explorer[S]:
        """Return the same explorer with other start values.

        Raises:
            ValueError: a name is not a control, or a value outside its range.
        """
        start = accepted(self.controls, values)
        return replace(self, controls=tuple(replace(c, value=start[c.key]) for c in self.controls))

    def about(self, *, title: str, caption: str, alt: str) -> Explorer[S]:
        """Return the same explorer introduced in other words, where its start view makes another point."""
        return replace(self, title=title, caption=caption, alt=alt)

    def state(self, **values: float) -> S:
        """Return what the explorer draws at the given values, the others at their start."""
        return self.compute(accepted(self.controls, values))

    @cached_property
    def widget(self) -> Any:
        """The live form, an ipywidgets widget, made when first asked for."""
        from lrdecay_core.explorers import live

        return live.Live(self)

    @cached_property
    def html(self) -> str:
        """The page form, whole: a figure, its static image, its script and its data."""
        from lrdecay_core.explorers import page

        return page.html(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Return the form for this place, and the image for those that draw neither, such as a printed book."""
        text = f"{self.title}. {self.alt}"
        if not environment.is_static():
            return {**self.widget.box._repr_mimebundle_(), "text/plain": text}
        from lrdecay_core.explorers import page

        return {"text/html": self.html, "image/png": page.image(self), "text/plain": text}
