"""A follow-up to P1: 24 conditions, each with a seed of its own. It adds to the registered evidence and replaces none.

The runs stand in ``planner_follow_up.json`` beside this file;
``python -m lrdecay_core.experiments.networks.planner_follow_up`` runs them again and rewrites it.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from lrdecay_core import provenance
from lrdecay_core.experiments.networks.network_planner import EPOCHS, KINDS, Study, run
from lrdecay_core.experiments.networks.planner_table import Table
from lrdecay_core.experiments.networks.settings import mnist1d_cnn

__all__ = ["COMMAND", "kept", "studies", "write"]

COMMAND = "python -m lrdecay_core.experiments.networks.planner_follow_up"
FILE = "planner_follow_up.json"
RATES, SIZES, FIRST_SEED = (0.08, 0.12, 0.2, 0.25), (15, 25, 50), 60


def studies() -> dict[str, Study]:
    """Return condition -> its study of one seed: the network and data of the held-out runs, at other rates."""
    found = {}
    grid = itertools.product(KINDS.items(), RATES, SIZES)
    for seed, ((kind, fields), rate, size) in enumerate(grid, start=FIRST_SEED):
        name = f"{kind}, rate {rate:g}, batch {size}"
        noise: dict[str, Any] = {"label_noise": 0.0, **fields}
        config = mnist1d_cnn(
            EPOCHS, num_train=500, learning_rate=rate, decayed_rate=rate / 10, batch_size=size, **noise
        )
        found[name] = Study(conditions={name: config}, seeds=(seed,))
    return found


def kept() -> tuple[Table, dict[str, Any]]:
    """Return the runs that are kept with the library, and where they come from."""
    raw = json.loads((files("lrdecay_core.experiments.networks") / FILE).read_text(encoding="utf8"))
    return Table.from_plain(raw), raw["origin"]


def write(path: str | Path, parts: Mapping[str, Study], *, store: str | None = None) -> Table:
    """Run every part and write the runs to ``path`` with the command, the settings' key and versions."""
    found = run(parts, store=store)
    table = Table.join([found[name] for name in parts]).rounded()
    origin = {"command": COMMAND, "config_key": provenance.config_key(dict(parts)), **provenance.collect()}
    Path(path).write_text(json.dumps({"origin": origin, **table.plain()}, indent=0) + "\n", encoding="utf8")
    return table


if __name__ == "__main__":
    write(Path(__file__).with_name(FILE), studies())
