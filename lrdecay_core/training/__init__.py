"""Training many networks side by side: seeds and decay times are rows of one stack."""

from lrdecay_core.training.branches import Branches, branches
from lrdecay_core.training.config import TrainConfig
from lrdecay_core.training.deterministic import deterministic
from lrdecay_core.training.ensemble import Ensemble
from lrdecay_core.training.matching import Matched, at_training_loss
from lrdecay_core.training.scheduled import Scheduled, scheduled
from lrdecay_core.training.trials import Trials, errors, trials

__all__ = [
    "Branches",
    "Ensemble",
    "Matched",
    "Scheduled",
    "TrainConfig",
    "Trials",
    "at_training_loss",
    "branches",
    "deterministic",
    "errors",
    "scheduled",
    "trials",
]
