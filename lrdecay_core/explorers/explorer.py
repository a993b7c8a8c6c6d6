"""One object, two lives: a widget where a kernel can answer, a page that needs none where it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from lrdecay_core import environment
from lrdecay_core.explorers import live, page
from lrdecay_core.explorers.view import View

__all__ = ["Explorer"]

S = TypeVar("S")


@dataclass(frozen=True, kw_only=True, eq=False)
class Explorer(View[S]):
    """A figure with sliders, shown by being the last value of a cell.

    In a live notebook it is an ipywidgets figure that calls the library at every move. While pages are built
    (``LRDECAY_STATIC=1``) it is HTML with one inline script that loads nothing and needs no kernel. Never both, so no
    page shows a slider that moves nothing.
    """

    @cached_property
    def widget(self) -> Any:
        """The live form, an ipywidgets widget, made when first asked for."""
        return live.Live(self)

    @cached_property
    def html(self) -> str:
        """The page form, whole: a figure, its static image, its script and its data."""
        return page.html(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Return the form for this place, and the image for those that draw neither, such as a printed book."""
        text = f"{self.title}. {self.alt}"
        if not environment.is_static():
            return {**self.widget.box._repr_mimebundle_(), "text/plain": text}
        return {"text/html": self.html, "image/png": page.image(self), "text/plain": text}
