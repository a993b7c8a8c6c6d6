"""The book's own Sphinx extension: where executions are kept, where scripts come from, what goes beside the pages."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from myst_nb.core.render import MimeData, NbElementRenderer
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

from tools import chapters, ledger, listings, markup, repository, scan, vendor

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


def use_kept_executions(app: Sphinx, config: Config) -> None:
    """Point MyST-NB at the cache of the present state; refuse to build pages around verdicts of another state."""
    chapters.set_environment()
    reason = ledger.stale()
    if reason is not None:
        raise ExtensionError(reason)
    config.nb_execution_cache_path = str(chapters.cache_dir())
    here = repository.current()
    config.html_theme_options |= {"repository_url": here["url"], "repository_branch": here["branch"]}
    if vendor.available():
        config.mathjax_path = vendor.MATHJAX
        config.nb_ipywidgets_js = {name: {} for name in vendor.WIDGETS}


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
    """Put the ledger and the vendored scripts beside the pages."""
    if exception is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    shutil.copy(chapters.GENERATED / "claims.json", site / "claims.json")
    if vendor.available():
        vendor.copy(site, widgets=any(WIDGET_STATE in p.read_text(encoding="utf8") for p in site.rglob("*.html")))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("config-inited", use_kept_executions, priority=1)
    app.connect("html-page-context", drop_repeated_scripts, priority=900)
    app.connect("autodoc-process-docstring", escape_formulas, priority=900)
    app.connect("build-finished", finish)
    markup.register(app)
    listings.register(app)
    if NbElementRenderer.render_unhandled.__name__ != "render":
        NbElementRenderer.render_unhandled = leave_out_claims(NbElementRenderer.render_unhandled)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
