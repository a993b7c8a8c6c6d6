"""How strict each profile is: ``book`` carries the verdicts, ``quick`` checks direction and machinery."""

from __future__ import annotations

from dataclasses import dataclass

from lrdecay_core import environment

__all__ = ["Thresholds", "thresholds"]


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """The numbers a profile judges by."""

    confidence: float
    """Of every interval."""
    control_share: float
    """Largest share of the main effect that a control may show."""


_PROFILES = {
    "quick": Thresholds(confidence=0.50, control_share=1.0),
    "book": Thresholds(confidence=0.95, control_share=1 / 3),
    "paper": Thresholds(confidence=0.95, control_share=1 / 3),
}


def thresholds() -> Thresholds:
    """Return the thresholds of the profile in force."""
    return _PROFILES[environment.profile()]
