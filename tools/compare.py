"""Compare two ledgers: ``python -m tools.compare THEIRS MINE`` names what differs by more than chance."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools import tables

SAME = ("profile", "config_key", "verdict")


def differences(theirs: list[dict[str, Any]], mine: list[dict[str, Any]]) -> Iterator[str]:
    """Yield one line for each difference between the claims of two ledgers."""
    a, b = ({claim["id"]: claim for claim in ledger} for ledger in (theirs, mine))
    for name in sorted(a.keys() ^ b.keys()):
        yield f"{name}: only in {'the first' if name in a else 'the second'} ledger"
    for name in sorted(a.keys() & b.keys()):
        for what in SAME:
            if a[name][what] != b[name][what]:
                yield f"{name}: {what.replace('config_key', 'configuration key')} {a[name][what]}, {b[name][what]}"
        commits = [claim["provenance"].get("commit", "unknown") for claim in (a[name], b[name])]
        if commits[0] != commits[1]:
            yield f"{name}: commit {commits[0]}, {commits[1]}"
        if not (_inside(a[name]["estimate"], b[name]) or _inside(b[name]["estimate"], a[name])):
            yield f"{name}: estimate {_told(a[name])}, {_told(b[name])}: neither lies in the other's interval"


def _told(claim: dict[str, Any]) -> str:
    return f"{tables.number(claim['estimate'], 6)} {tables.interval(claim['interval'])}"


def _inside(estimate: float | None, claim: dict[str, Any]) -> bool:
    """Whether an estimate lies in a claim's interval, ends included; one without an interval must be met exactly."""
    if estimate is None or claim["estimate"] is None:
        return estimate is claim["estimate"]
    low, high = claim["interval"] or (None, None)
    return estimate == claim["estimate"] or (low is not None and high is not None and low <= estimate <= high)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("python -m tools.compare THEIRS MINE, two files claims.json")
    ledgers = [json.loads(Path(name).read_text(encoding="utf8"))["claims"] for name in sys.argv[1:]]
    found = list(differences(*ledgers))
    print("\n".join(found) or "The two ledgers agree.")
    raise SystemExit(bool(found))
