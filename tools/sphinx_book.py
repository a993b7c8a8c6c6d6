"""The book's own Sphinx extension: where executions are kept, and repairs of the theme's pages.

Each repair names the defect it removes; when a newer theme no longer has it, the repair finds nothing and can go.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from myst_nb.core.render import MimeData, NbElementRenderer
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

from tools import chapters, ledger, scan

# sphinx-book-theme 1.3, docutils 0.21, sphinx-proof 0.4, sphinx-exercise 1.2: labels, roles and ids that audits reject.
REPAIRS = (
    ('pst-js-only" title="Search" aria-label="Search"', 'pst-js-only" title="Search"'),
    ('pst-js-only" aria-label="Color mode"', 'pst-js-only" aria-label="Color mode: Light, Dark, System Settings"'),
    (
        '<div id="pst-primary-sidebar" class="bd-sidebar-primary bd-sidebar">',
        '<div id="pst-primary-sidebar" class="bd-sidebar-primary bd-sidebar" role="region" aria-label="Book sidebar">',
    ),
    ('<div role="list" class="citation-list">', '<div class="citation-list">'),
    (' role="doc-biblioentry"', ""),
    (' id="proof-content"', ""),
    (' id="exercise-content"', ""),
    (' id="solution-content"', ""),
)


def use_kept_executions(app: Sphinx, config: Config) -> None:
    """Point MyST-NB at the cache of the present state; refuse to build pages around verdicts of another state."""
    chapters.set_environment()
    reason = ledger.stale()
    if reason is not None:
        raise ExtensionError(reason)
    config.nb_execution_cache_path = str(chapters.cache_dir())


def drop_repeated_scripts(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Keep one of each inline script: Sphinx 7 adds some twice, and the browser rejects the second declaration."""
    seen, kept = set(), []
    for script in context.get("script_files", []):
        body = getattr(script, "attributes", {}).get("body")
        if body is None or body not in seen:
            kept.append(script)
        seen.add(body)
    context["script_files"] = kept


def escape_formulas(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Let docstrings write |x| and (R, *shape) plainly; reStructuredText would take both for markup."""
    for index, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            spans = re.split(r"(``.*?``|`[^`]*`|\*\*\w[^*]*\*\*|^\s*\* )", line)
            spans[::2] = [re.sub(r"(?<!\\)([*|]|(?<!\w)_|_(?!\w))", r"\\\1", span) for span in spans[::2]]
            lines[index] = "".join(spans)


def leave_out_claims(render_unhandled: Any) -> Any:
    """MyST-NB knows no claim: the readable form beside it is drawn, the data are for the ledger."""

    def render(self: NbElementRenderer, data: MimeData) -> list[Any]:
        return [] if data.mime_type == scan.CLAIM else render_unhandled(self, data)

    return render


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Put the ledger beside the pages and repair the theme's markup."""
    if exception is not None or app.builder.format != "html":
        return
    shutil.copy(chapters.GENERATED / "claims.json", Path(app.outdir) / "claims.json")
    for path in Path(app.outdir).rglob("*.html"):
        text = repaired = path.read_text(encoding="utf8")
        for defect, repair in REPAIRS:
            repaired = repaired.replace(defect, repair)
        if repaired != text:
            path.write_text(repaired, encoding="utf8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("config-inited", use_kept_executions, priority=1)
    app.connect("html-page-context", drop_repeated_scripts, priority=900)
    app.connect("autodoc-process-docstring", escape_formulas, priority=900)
    app.connect("build-finished", finish)
    if NbElementRenderer.render_unhandled.__name__ != "render":
        NbElementRenderer.render_unhandled = leave_out_claims(NbElementRenderer.render_unhandled)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
