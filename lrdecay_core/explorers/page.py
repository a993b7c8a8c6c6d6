"""The page form of an explorer: one figure, one inline module, nothing loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
import html as markup
import io
import json
import math
import re
from functools import cache
from importlib.resources import files
from typing import Any

from matplotlib.figure import Figure

from lrdecay_core.explorers.view import View

__all__ = ["MARGINS", "bundle", "canvas", "html", "image", "plain", "rounded"]


LARGEST = 1_500_000  # bytes of one figure
MARGINS = {
    1: {"left": 0.08, "right": 0.98, "bottom": 0.15, "top": 0.9, "wspace": 0.22},
    2: {"left": 0.08, "right": 0.98, "bottom": 0.09, "top": 0.95, "wspace": 0.22, "hspace": 0.35},
}
"""Fixed margins for one and two rows of panels: a layout that is computed takes as long as the drawing."""
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)


def html(explorer: View[Any]) -> str:
    """Return the figure as HTML that works alone, offline and any number of times on a page.

    Before its script runs, and where it cannot, the figure is its static image. An inline script is all there is: a
    page opened from a disk may import no module. The script mounts every figure of this content that is still an image.

    Raises:
        ValueError: the figure would be larger than a page may be, or its data hold a number that is not JSON.
    """
    spec = {"title": explorer.title, "controls": [vars(c) for c in explorer.controls]}
    data, options = _json(explorer.data), _json(spec)
    address = hashlib.sha256(f"{explorer.name}{options}{data}".encode()).hexdigest()[:12]
    picture = f"data:image/png;base64,{image(explorer)}"
    title, classes = markup.escape(explorer.title), "lrx tex2jax_ignore mathjax_ignore"
    found = f"""<figure class="{classes}" role="group" aria-label="{title}">
<div data-lrx="{address}"><img src="{picture}" alt="{markup.escape(explorer.alt)}" style="max-width:100%"></div>
<figcaption>{markup.escape(explorer.caption)}</figcaption>
<script type="module">
{bundle(explorer.name)}
for (const root of document.querySelectorAll('[data-lrx="{address}"]:not([data-mounted])')) {{
  root.dataset.mounted = "";
  mount(root, {options}, {data});
}}
</script>
</figure>"""
    if len(found) > LARGEST:
        raise ValueError(f"`explorer` must fit into {LARGEST:,} bytes of page, got {len(found):,}; embed less data")
    return found


def image(explorer: View[Any]) -> str:
    """Return the start view as a PNG, base64."""
    return base64.b64encode(png(explorer.draw(explorer.state()))).decode()


def canvas(width: float, height: float) -> Figure:
    """Return an empty figure, in inches, whose margins stay as they are set, whatever style is in use."""
    return Figure(figsize=(width, height), layout="none")  # type: ignore[arg-type]  # missing in matplotlib's hints


def png(figure: Figure) -> bytes:
    """Return a figure as PNG bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return buffer.getvalue()


@cache
def bundle(name: str) -> str:
    """Return a module and all it imports as one script: dependencies first, each once, import and export removed."""
    found: dict[str, str] = {}

    def add(module: str) -> None:
        if module in found:
            return
        source = (files("lrdecay_core.explorers") / "js" / f"{module}.js").read_text(encoding="utf8")
        for needed in IMPORT.findall(source):
            add(needed)
        found[module] = re.sub(r"^export ", "", IMPORT.sub("", source), flags=re.MULTILINE)

    add(name)
    return "\n".join(found.values()).replace("</script", "<\\/script")


def rounded(values: Any, digits: int = 4) -> Any:
    """Return an array as nested lists of short numbers, what is not finite as None.

    >>> rounded([1 / 3, float("nan")])
    [0.3333, None]
    """
    if hasattr(values, "tolist"):
        values = values.tolist()
    if isinstance(values, list | tuple):
        return [rounded(v, digits) for v in values]
    return float(f"{values:.{digits}g}") if abs(values) < float("inf") else None


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


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
