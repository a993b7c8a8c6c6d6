"""The claims of the book and the verdicts they are expected to reach. Both were fixed before the runs."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

__all__ = ["REGISTRY", "STATEMENTS", "VERDICTS", "Claim", "expected"]

VERDICTS = ("reproduced", "partly", "not reproduced", "not testable here")

STATEMENTS = {
    "S1": "Networks trained longer at a large learning rate before it is lowered often generalise better.",
    "S2": "With both losses in view, the large-rate trajectory moves through the minima of the training loss "
    "and ends near a minimum of the testing loss.",
    "S3": "A nonlinear model has loss landscapes that mirror those of real networks.",
    "S4": "On that model, SGD with a long large-rate phase goes to the minimum-norm solution of the training loss.",
    "S5": "The minimum-norm solution may generalise near-optimally, which is why late decay helps.",
}
"""The five statements of the abstract, in our words."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One row of the ledger."""

    id: str
    """Short name: N networks, M model, B boundary."""
    source: str
    """``"S1"`` to ``"S5"``, a statement of the abstract; or ``"ours"``."""
    statement: str
    """What is claimed."""
    chapter: str
    """Page that shows the evidence."""
    threshold: str
    """When it counts as reproduced, in the book profile."""
    control: str
    """What must fail, or the check proves nothing."""


REGISTRY: dict[str, Claim] = {
    claim.id: claim
    for claim in [
        Claim(
            id="N1",
            source="S1",
            statement="At equal epochs, later decay gives lower test error.",
            chapter="late-decay",
            threshold="early minus late, paired by seed: 95 % interval above 0 in each of the four cells (four: "
            "reproduced, one to three: partly, none: not), and a falling trend among decays after phase I in the "
            "MNIST-1D CNN",
            control="trunk rate a tenth, at the same epochs and at ten times the epochs: gain at matched training "
            "loss at most a third of the main one",
        ),
        Claim(
            id="N2",
            source="S1",
            statement="At matched training loss, later decay still gives lower test error, so speed is not all.",
            chapter="late-decay",
            threshold="early minus late at the crossing of one training loss, and of a second lower one: 95 % "
            "interval above 0 in the MNIST-1D CNN and the digits MLP",
            control="trunk rate a tenth, at the same epochs and at ten times the epochs: gain at matched training "
            "loss at most a third of the main one",
        ),
    ]
}


def expected(claim_id: str, profile: str) -> tuple[str, ...]:
    """Return the verdicts ``claim_id`` may reach in ``profile``; a build that reaches another one fails."""
    table = tomllib.loads((files("lrdecay_core.claims") / "expected.toml").read_text(encoding="utf8"))
    verdicts = table[profile][claim_id]
    return (verdicts,) if isinstance(verdicts, str) else tuple(verdicts)
