"""Claim, evidence, control, verdict: judged in the chapter that shows the evidence, carried by its own output."""

from __future__ import annotations

import html
import json
import math
from dataclasses import asdict, dataclass, field
from typing import Any

from lrdecay_core import checks, environment, provenance
from lrdecay_core.claims.registry import REGISTRY, VERDICTS, expected
from lrdecay_core.claims.statistics import Interval

__all__ = ["MIME", "Control", "Entry", "Evidence", "Row", "judge", "record", "table", "untestable"]

MIME = "application/vnd.lrdecay.claim+json"
UNTESTABLE = "not testable here"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measured comparison, with what it shows by itself."""

    name: str
    interval: Interval
    finding: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was measured for a claim, and the verdict its rows add up to."""

    statistic: str
    """What the numbers are, with their unit."""
    headline: Interval
    """The main comparison."""
    margin: float
    """Distance of the headline from its threshold, in the statistic's unit; negative: missed."""
    rows: tuple[Row, ...]
    verdict: str

    def __post_init__(self) -> None:
        checks.one_of("verdict", self.verdict, VERDICTS)


@dataclass(frozen=True, kw_only=True)
class Control:
    """The comparison that must fail: where the effect appears without its cause, the check proves nothing."""

    statistic: str
    headline: Interval
    threshold: str
    rows: tuple[Row, ...]
    failed: bool | None
    """True: the control shows no effect, as it should. None: it was not run, as nothing was."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One judged claim: shows itself as a table, and carries its numbers along as JSON."""

    claim_id: str
    evidence: Evidence
    control: Control
    config_key: str
    seconds: float
    provenance: dict[str, Any] = field(default_factory=provenance.collect)

    @property
    def verdict(self) -> str:
        """The evidence's verdict, or "not reproduced" when the control did not fail."""
        stands = self.control.failed or self.evidence.verdict == UNTESTABLE
        return self.evidence.verdict if stands else "not reproduced"

    def as_dict(self) -> dict[str, Any]:
        """Return the row of ``claims.json``; missing numbers are None."""
        claim, evidence, control = REGISTRY[self.claim_id], self.evidence, self.control
        row = {
            **{k: v for k, v in asdict(claim).items() if k != "control"},
            "statistic": evidence.statistic,
            **_interval(evidence.headline),
            "margin": evidence.margin,
            "cells": [{"name": r.name, **_interval(r.interval), "verdict": r.finding} for r in evidence.rows],
            "verdict": self.verdict,
            "control": {
                "statement": claim.control,
                "statistic": control.statistic,
                "threshold": control.threshold,
                **_interval(control.headline),
                "failed": control.failed,
                "cells": [{"name": r.name, **_interval(r.interval), "verdict": r.finding} for r in control.rows],
            },
            "profile": environment.profile(),
            "config_key": self.config_key,
            "seconds": round(self.seconds, 1),
            "command": f"LRDECAY_PROFILE={environment.profile()} pytest --nbmake chapters/{claim.chapter}.ipynb",
            "provenance": self.provenance,
        }
        return _finite(row)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": _html(self), MIME: self.as_dict()}

    def __repr__(self) -> str:
        return f"{self.claim_id}: {self.verdict} ({self.evidence.statistic}: {self.evidence.headline})"


_RECORDED: dict[str, Entry] = {}


def judge(claim_id: str, evidence: Evidence, control: Control, *, config_key: str, seconds: float) -> Entry:
    """Return the ledger entry of a registered claim."""
    checks.one_of("claim_id", claim_id, REGISTRY)
    return Entry(claim_id=claim_id, evidence=evidence, control=control, config_key=config_key, seconds=seconds)


def record(claim_id: str, evidence: Evidence, control: Control, *, config_key: str, seconds: float) -> None:
    """Judge a claim, show the entry in the chapter, and stop the build if its verdict is not the expected one.

    Args:
        claim_id: a key of ``REGISTRY``.
        evidence: what was measured.
        control: what had to fail.
        config_key: names the configurations behind the numbers, see ``provenance.config_key``.
        seconds: wall time of the runs, added up over processes.

    Raises:
        AssertionError: the verdict differs from ``claims/expected.toml``, or the control of a claim that would stand
            did not fail.
    """
    from IPython.display import display

    entry = judge(claim_id, evidence, control, config_key=config_key, seconds=seconds)
    _RECORDED[claim_id] = entry
    display(entry)
    allowed = expected(claim_id, environment.profile())
    unsound = not control.failed and evidence.verdict not in ("not reproduced", UNTESTABLE)
    if entry.verdict not in allowed or unsound:
        raise AssertionError(
            f"{claim_id} reached {entry.verdict!r} (control failed: {control.failed}); expected one of {allowed} "
            "and a failing control. If the numbers are right, change claims/expected.toml and say why in CHANGELOG.md"
        )


def untestable(reason: str) -> tuple[Evidence, Control]:
    """Return what stands in the ledger for a claim that nothing was run for, and why."""
    missing = Interval(math.nan, math.nan, math.nan, 0)
    evidence = Evidence(statistic=reason, headline=missing, margin=math.nan, rows=(), verdict=UNTESTABLE)
    return evidence, Control(statistic=reason, headline=missing, threshold="not run", rows=(), failed=None)


def table() -> list[dict[str, Any]]:
    """Return the claims recorded in this session as rows of ``claims.json``."""
    return [entry.as_dict() for entry in _RECORDED.values()]


def _interval(interval: Interval) -> dict[str, Any]:
    return {"estimate": interval.estimate, "interval": [interval.low, interval.high], "n": interval.n}


def _finite(value: Any) -> Any:
    """Replace NaN and infinities by None: JSON has neither."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return json.loads(json.dumps(value))


def _html(entry: Entry) -> str:
    claim, origin = REGISTRY[entry.claim_id], entry.provenance
    said = (
        f"<strong>{claim.id}</strong> {html.escape(claim.statement)} "
        f'<span class="verdict verdict-{entry.verdict.replace(" ", "-")}">Verdict: {entry.verdict}.</span>'
    )
    note = (
        f'<p class="claim-note">{html.escape(entry.evidence.statistic)}. Threshold: {html.escape(claim.threshold)}. '
        f"Profile {origin['profile']}, configuration {entry.config_key}, commit {origin['commit']}.</p>"
    )
    if not (entry.evidence.rows or entry.control.rows):
        return f'<p class="claim">{said}</p>\n{note}'
    outcome = {True: "fails, as it should", False: "DOES NOT FAIL", None: "was not run"}[entry.control.failed]
    lines = [
        f'<table class="claim"><caption>{said}</caption>',
        '<thead><tr><th scope="col">Comparison</th><th scope="col">Estimate</th><th scope="col">Interval</th>'
        '<th scope="col"><em>n</em></th><th scope="col">Finding</th></tr></thead><tbody>',
        *(_html_row(row) for row in entry.evidence.rows),
        '<tr><th scope="rowgroup" colspan="5">Control, which must fail: '
        f"{html.escape(entry.control.threshold)} &rarr; {outcome}</th></tr>",
        *(_html_row(row) for row in entry.control.rows),
        "</tbody></table>",
        note,
    ]
    return "\n".join(lines)


def _html_row(row: Row) -> str:
    i = row.interval
    bounds = f"[{i.low:+.4f}, {i.high:+.4f}]" if math.isfinite(i.low) else "none"
    value = f"{i.estimate:+.4f}" if math.isfinite(i.estimate) else "none"
    return (
        f'<tr><th scope="row">{html.escape(row.name)}</th><td data-label="Estimate">{value}</td>'
        f'<td data-label="Interval">{bounds}</td><td data-label="n">{i.n}</td>'
        f'<td data-label="Finding">{html.escape(row.finding)}</td></tr>'
    )
