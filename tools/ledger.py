"""Collect the claims from the executed chapters; write ``claims.json`` and the tables that pages include.

A verdict lives in the output of the cell that judged it, so it is exactly as fresh as the execution it came from.
Nothing here judges: this step only refuses a ledger with a claim missing, doubled or incomplete, and prints the rest.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tools import chapters, citation, performance, scan, tables

MEASURED = {"statement", "statistic", "n", "estimate", "interval", "threshold"}
CONTROL_FIELDS = MEASURED | {"failed"}
FIELDS = MEASURED | {"id", "source", "chapter", "verdict", "margin", "cells", "control"}
FIELDS |= {"profile", "config_key", "seconds", "command", "provenance"}
QUESTION = "question.png"
VERDICTS = ("reproduced", "partly", "not reproduced", "not testable here")


def claims_of(notebook: Any) -> list[dict[str, Any]]:
    """Return the claims an executed notebook displays, in order."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    found = [output.get("data", {}).get(scan.CLAIM) for output in outputs]
    return [json.loads(claim) if isinstance(claim, str) else claim for claim in found if claim is not None]


def problems(claims: list[dict[str, Any]], registry: Mapping[str, Any], chapter_names: Iterable[str]) -> list[str]:
    """Return what keeps these claims from being a ledger: missing, doubled, unknown or incomplete ones."""
    ids, found = [claim.get("id", "no id") for claim in claims], []
    found += [f"{name}: recorded {ids.count(name)} times" for name in sorted(set(ids)) if ids.count(name) > 1]
    expected = {name for name, claim in registry.items() if claim.chapter in set(chapter_names)}
    found += [f"{name}: promised by chapter {registry[name].chapter}, not recorded" for name in expected - set(ids)]
    found += [f"{name}: recorded, but unknown to the registry" for name in sorted(set(ids) - set(registry))]
    for claim in claims:
        name = claim.get("id", "no id")
        missing = sorted(FIELDS - set(claim)) + sorted(
            f"control.{key}" for key in CONTROL_FIELDS - set(claim.get("control") or {})
        )
        found += [f"{name}: lacks {', '.join(missing)}"] if missing else []
        if claim.get("verdict") not in VERDICTS:
            found.append(f"{name}: `verdict` must be one of {VERDICTS}, got {claim.get('verdict')!r}")
        if name in registry and claim.get("chapter") != registry[name].chapter:
            found.append(f"{name}: says chapter {claim.get('chapter')!r}, the registry says {registry[name].chapter!r}")
    return found


def without_nan(value: Any) -> Any:
    """Return the value with every number that JSON cannot hold replaced by null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    return [without_nan(item) for item in value] if isinstance(value, list | tuple) else value


def collect() -> list[dict[str, Any]]:
    """Return the claims of all executed chapters in the registry's order.

    Raises:
        SystemExit: with the reasons, if they are no ledger.
    """
    from lrdecay_core.claims.registry import REGISTRY

    claims: list[dict[str, Any]] = []
    for path in chapters.notebooks():
        kept = chapters.executed(path)
        if kept is None:
            raise SystemExit(f"{path.name} has not been executed under the present library, pins and profile")
        claims += claims_of(kept[0])
    found = problems(claims, REGISTRY, [path.stem for path in chapters.notebooks()])
    if found:
        raise SystemExit("The ledger is not complete:\n" + "\n".join(found))
    rank = {name: number for number, name in enumerate(REGISTRY)}
    return without_nan(sorted(claims, key=lambda claim: rank[claim["id"]]))


def write(measured: Mapping[str, Mapping[str, float]]) -> Path:
    """Write everything the pages include into ``_generated``; return that folder."""
    from lrdecay_core import provenance
    from lrdecay_core.claims.registry import STATEMENTS

    claims, origin = collect(), provenance.collect()
    folder = chapters.GENERATED
    folder.mkdir(exist_ok=True)
    ledger = {"provenance": origin, "claims": claims}
    contents = {
        "claims.json": json.dumps(ledger, indent=1, allow_nan=False) + "\n",
        "verdicts.md": tables.verdicts(claims, STATEMENTS, origin["profile"]),
        "claims-table.md": tables.full_ledger(claims),
        "claims-index.md": tables.claims_index(claims),
        "run-times.md": tables.run_times(measured, origin["profile"]),
        "environment.md": tables.environment(origin),
        "api.md": tables.api({room: chapters.modules(room) for room in chapters.rooms()}),
        "cite-book.bib": citation.book(chapters.ROOT),
        "cite-paper.bib": citation.paper(chapters.ROOT),
        "state.json": json.dumps(chapters.state(), indent=1) + "\n",
    }
    if "chapters/performance" in chapters.pages():
        contents |= performance.page_parts()
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf8")
    shutil.copy(picture(), folder / QUESTION)
    return folder


def picture() -> Path:
    """Return the introduction's picture, drawn once for each state of the library and kept with its executions."""
    kept = chapters.cache_dir() / QUESTION
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_name(f"unfinished-{os.getpid()}.png")
        draw_question(unfinished)
        unfinished.replace(kept)
    return kept


def draw_question(path: Path) -> None:
    """Compute and save the picture of the introduction; some three seconds."""
    import matplotlib as mpl

    mpl.use("agg")
    from lrdecay_core import figures
    from lrdecay_core.experiments.model.exits import question
    from lrdecay_core.figures import space_curve as draw

    figures.use_style()
    draw.draw_question(question()).savefig(path, dpi=160)


def stale() -> str | None:
    """Return why the generated pages must not be built from, or None if they belong to the present state."""
    profile = os.environ.get("LRDECAY_PROFILE", "quick")
    remedy = f"run: python -m tools.book --profile {profile}"
    path = chapters.GENERATED / "state.json"
    if not path.is_file():
        return f"_generated is missing, and with it the verdicts; {remedy}"
    if json.loads(path.read_text(encoding="utf8")) != chapters.state():
        return f"_generated belongs to another library, other pins, another profile or other notebooks; {remedy}"
    return None
