"""Turn the ledger into the Markdown that pages include. No number is typed here, and none is judged."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from typing import Any


def number(value: float | None, digits: int = 3) -> str:
    """Return a number short enough for a table; missing is a dash.

    >>> number(0.10146), number(None), number(12)
    ('0.101', '–', '12')
    """
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.{digits}g}"


def interval(low_high: Iterable[float | None] | None) -> str:
    """Return an interval in brackets, or a dash where there is none.

    >>> interval([0.1, 0.2]), interval([None, None]), interval(None)
    ('[0.1, 0.2]', '–', '–')
    """
    bounds = [] if low_high is None else list(low_high)
    return "–" if all(bound is None for bound in bounds) else "[" + ", ".join(map(number, bounds)) + "]"


def estimate(found: Mapping[str, Any]) -> str:
    """Return an estimate and its interval, as far as they are there.

    >>> estimate({"estimate": 2.0, "interval": [1.5, 2.5]}), estimate({"estimate": 2.0, "interval": None})
    ('2 [1.5, 2.5]', '2')
    """
    bounds = interval(found["interval"])
    return number(found["estimate"]) + ("" if bounds == "–" else f" {bounds}")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table; bars inside cells are escaped."""
    lines = [list(head), ["---"] * len(list(head)), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(_cell(text) for text in line) + " |" for line in lines) + "\n"


def cards(markdown: str) -> str:
    """Return a table marked to be read row by row where a screen is narrow; ``_static/book.css`` says how."""
    return f":::{{container}} cards\n{markdown}:::\n"


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")


def badge(verdict: str) -> str:
    """Return the verdict in words, marked so that the style sheet can set it apart."""
    kind = re.sub(r"[^a-z]+", "-", verdict.lower())
    return f'<span class="verdict verdict-{kind}">{html.escape(verdict)}</span>'


def overall(verdicts: Iterable[str]) -> str:
    """Return one verdict for a statement: unanimous claims decide, anything else is partly; none is untested.

    >>> overall(["reproduced", "not reproduced"]), overall([])
    ('partly', 'not tested yet')
    """
    kinds = set(verdicts)
    return "not tested yet" if not kinds else kinds.pop() if len(kinds) == 1 else "partly"


def verdicts(claims: list[dict[str, Any]], statements: Mapping[str, str], profile: str) -> str:
    """Return the introduction's table: each statement of the abstract and what became of it here."""
    rows = []
    for source, statement in statements.items():
        ours = [claim for claim in claims if claim["source"] == source]
        evidence = ", ".join(f"[{claim['id']}](#claim-{claim['id'].lower()})" for claim in ours)
        rows.append([source, statement, badge(overall(claim["verdict"] for claim in ours)), evidence or "–"])
    return cards(table(["from", "the abstract says", "we find", "claims"], rows)) + "\n" + _profile_note(profile)


def _profile_note(profile: str) -> str:
    if profile != "quick":
        return f"Verdicts and numbers come from the `{profile}` profile.\n"
    return (
        ":::{warning}\nThis copy was built in the `quick` profile: few seeds, short runs, wide thresholds. It "
        "shows that the machinery works. For the verdicts, build the `book` profile.\n:::\n"
    )


def full_ledger(claims: list[dict[str, Any]]) -> str:
    """Return the ledger: one table over all claims, then a section for each."""
    rows = [
        [
            f"[{c['id']}](#claim-{c['id'].lower()})",
            c["source"],
            c["statement"],
            estimate(c),
            badge(c["verdict"]),
            {True: "failed, as it must", False: "**did not fail**", None: "not run"}[c["control"]["failed"]],
        ]
        for c in claims
    ]
    head = ["claim", "from", "statement", "estimate, 95 % interval", "verdict", "control"]
    return "\n".join([cards(table(head, rows)), *(_section(claim) for claim in claims)])


def claims_index(claims: list[dict[str, Any]]) -> str:
    """Return all claims with their verdicts, each with the way to its row and to the chapter that argues it."""
    rows = [
        [
            f"[{c['id']}](#claim-{c['id'].lower()})",
            c["statement"],
            badge(c["verdict"]),
            f"[](/chapters/{c['chapter']}.ipynb)",
        ]
        for c in claims
    ]
    return cards(table(["claim", "statement", "verdict", "argued in"], rows))


def _section(claim: dict[str, Any]) -> str:
    control = claim["control"]
    facts = [
        ("Verdict", f"{badge(claim['verdict'])}, margin {number(claim['margin'])}"),
        ("Statistic", claim["statistic"]),
        ("Value", f"{number(claim['estimate'])}, interval {interval(claim['interval'])}, n = {claim['n']}"),
        ("Threshold", claim["threshold"]),
        ("Control that must fail", control["statement"]),
        ("Its statistic", f"{control['statistic']}; it counts as failed if: {control['threshold']}"),
        ("Its value", f"{number(control['estimate'])}, interval {interval(control['interval'])}, n = {control['n']}"),
        ("It failed", {True: "yes", False: "**no**", None: "not run"}[control["failed"]]),
        ("Redo it", f"`{claim['command']}`"),
        ("Run", f"profile `{claim['profile']}`, configuration `{claim['config_key']}`, {number(claim['seconds'])} s"),
    ]
    origin = claim["provenance"]
    facts.append(("Code", f"commit `{origin.get('commit', 'unknown')}`, device {origin.get('device', 'unknown')}"))
    parts = [f"(claim-{claim['id'].lower()})=\n## {claim['id']}: {claim['statement']}\n", table(["", ""], facts)]
    cells = [_cells("cell", claim["cells"]), _cells("control", control.get("cells", []))]
    if any(cells):
        parts.append("::::{dropdown} Every cell and every control\n" + "\n".join(filter(None, cells)) + "::::\n")
    return "\n".join([*parts, f"Argued in [](/chapters/{claim['chapter']}.ipynb).\n"])


def _cells(head: str, cells: list[dict[str, Any]]) -> str:
    rows = [[c["name"], estimate(c), str(c["n"]), badge(c["verdict"])] for c in cells]
    return cards(table([head, "estimate, 95 % interval", "n", "finding"], rows)) if rows else ""


def run_times(measured: Mapping[str, Mapping[str, float]], profile: str) -> str:
    """Return what executing each chapter took."""
    rows = [
        [f"[](/{name})", f"{took['execution_seconds']:.0f}&nbsp;s", f"{took['peak_mib']:.0f}&nbsp;MiB"]
        for name, took in measured.items()
    ]
    total = sum(took["execution_seconds"] for took in measured.values())
    rows.append(["all", f"{total:.0f}&nbsp;s", ""])
    return table([f"chapter, `{profile}` profile", "wall time", "peak memory"], rows)


def environment(origin: Mapping[str, Any]) -> str:
    """Return the versions and the machine behind the pages."""
    versions = ", ".join(f"{name} {version}" for name, version in origin["versions"].items())
    rows = [
        ["commit", f"`{origin['commit']}`"],
        ["Python", origin["python"]],
        ["libraries", versions],
        ["device", origin["device"]],
        ["machine", f"{origin['machine']}, {origin['cores']} cores"],
    ]
    return table(["", ""], rows)


def api(rooms: Mapping[str, Mapping[str, list[str]]]) -> str:
    """Return the sections of the library's page: autodoc of every room, and of the modules it offers by name."""
    parts = []
    for room, modules in rooms.items():
        parts.append(_automodule("##", room, ":members:", ":imported-members:", ":show-inheritance:"))
        for name, shown in modules.items():  # what the room shows itself is not shown twice
            parts.append(_automodule("###", f"{room}.{name}", ":members:", f":exclude-members: {', '.join(shown)}"))
    return "\n".join(parts)


def _automodule(head: str, name: str, *options: str) -> str:
    lines = "\n   ".join([f".. automodule:: lrdecay_core.{name}", *options])
    return f"{head} {name}\n\n```{{eval-rst}}\n{lines}\n```\n"
