"""One object, two lives: a widget where a kernel can answer, a page that needs none where it cannot."""

from __future__ import annotations

import base64
import html as markup
import math
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

import ipywidgets

from lrdecay_core import environment
from lrdecay_core.explorers import page
from lrdecay_core.explorers.view import Control, View

__all__ = ["Explorer", "Live"]


S = TypeVar("S")
SLOW = 1.0  # seconds


class Live(Generic[S]):
    """An explorer's sliders, figure and reading. ``state`` is what is drawn now, ``box`` what a notebook shows."""

    def __init__(self, explorer: View[S]) -> None:
        self.explorer = explorer
        self.sliders = {c.key: _slider(c) for c in explorer.controls}
        self.message, self.reading, self.picture = (ipywidgets.HTML() for _ in range(3))
        reset = ipywidgets.Button(description="Start values")
        reset.on_click(self._reset)
        rows = ipywidgets.Layout(display="flex", flex_flow="row wrap")
        self.box = ipywidgets.VBox(
            [ipywidgets.Box([*self.sliders.values(), reset], layout=rows), self.message, self.reading, self.picture]
        )
        self.state: S | None = None
        self._held = False
        for slider in self.sliders.values():
            slider.observe(self._moved, names="value")
        self.refresh()

    @property
    def values(self) -> dict[str, Any]:
        """What the sliders say."""
        return {key: slider.value for key, slider in self.sliders.items()}

    def refresh(self) -> None:
        """Compute and draw. An exception becomes the message, and the picture of the last good setting goes."""
        start = time.perf_counter()
        self.message.value = "Computing …"
        try:
            self.state = self.explorer.state(**self.values)
            figure, words = self.explorer.draw(self.state), self.explorer.read(self.state)
        except Exception as error:
            self.state, self.picture.value, self.reading.value = None, "", ""
            self.message.value = (
                f'<p role="alert"><b>This setting could not be computed.</b> '
                f"{markup.escape(type(error).__name__)}: {markup.escape(str(error))}</p>"
            )
            return
        took = time.perf_counter() - start
        picture = base64.b64encode(page.png(figure)).decode()
        self.reading.value = f'<p aria-live="polite">{markup.escape(words)}</p>'
        self.picture.value = (
            f'<img src="data:image/png;base64,{picture}" alt="{markup.escape(words)}" style="max-width:100%">'
        )
        self.message.value = f"Computed in {took:.1f} s." if took > SLOW else ""

    def _moved(self, _: Any) -> None:
        if not self._held:
            self.refresh()

    def _reset(self, _: Any) -> None:
        self._held = True
        try:
            for c in self.explorer.controls:
                self.sliders[c.key].value = c.value
        finally:
            self._held = False
        self.refresh()


def _slider(c: Control) -> Any:
    """Return the widget of a control. It answers when let go: every position on the way would queue a computation."""
    shown = {
        "description": c.label,
        "continuous_update": False,
        "style": {"description_width": "initial"},
        "layout": {"width": "340px"},
    }
    if c.choices:
        words = c.names or [f"{v:,}" for v in c.choices]
        return ipywidgets.SelectionSlider(options=list(zip(words, c.choices, strict=True)), value=c.value, **shown)
    if c.whole:
        return ipywidgets.IntSlider(int(c.value), min=int(c.min), max=int(c.max), step=int(c.step), **shown)
    if c.log:
        ends = {"min": math.log10(c.min), "max": math.log10(c.max)}
        return ipywidgets.FloatLogSlider(c.value, base=10, step=c.step, readout_format=".3g", **ends, **shown)
    return ipywidgets.FloatSlider(c.value, min=c.min, max=c.max, step=c.step, readout_format=".3g", **shown)


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
        return Live(self)

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
