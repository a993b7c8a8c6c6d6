"""Predictions for the nonlinear model, with their sources; nothing here runs SGD."""

from lrdecay_core.theory import three_dimensional
from lrdecay_core.theory.decay_limit import late_decay_limit, late_decay_limit_positive, tail_drift_bound, tail_rate
from lrdecay_core.theory.decay_time import decay_time
from lrdecay_core.theory.gradient_noise import (
    centre_variance,
    fluctuation_test_loss,
    mean_squared_gradient,
    plateau_level,
)
from lrdecay_core.theory.identities import Identities, centre_increment, identity_residuals
from lrdecay_core.theory.no_label_noise import divergence, largest_rate, waiting_bound
from lrdecay_core.theory.norm_excess import (
    Deviation,
    Exponent,
    deviation_bound,
    kappa_star,
    norm_excess_bound,
    weighted_norm_excess_bound,
)
from lrdecay_core.theory.recovery import recovery_probability, sample_size, width_squared
from lrdecay_core.theory.schedule_limit import budget_test_loss, remembered_rate, schedule_limit, schedule_log_scale
from lrdecay_core.theory.slow_flow import slow_flow, slow_log_scale

__all__ = [
    "Deviation",
    "Exponent",
    "Identities",
    "budget_test_loss",
    "centre_increment",
    "centre_variance",
    "decay_time",
    "deviation_bound",
    "divergence",
    "fluctuation_test_loss",
    "identity_residuals",
    "kappa_star",
    "largest_rate",
    "late_decay_limit",
    "late_decay_limit_positive",
    "mean_squared_gradient",
    "norm_excess_bound",
    "plateau_level",
    "recovery_probability",
    "remembered_rate",
    "sample_size",
    "schedule_limit",
    "schedule_log_scale",
    "slow_flow",
    "slow_log_scale",
    "tail_drift_bound",
    "tail_rate",
    "three_dimensional",
    "waiting_bound",
    "weighted_norm_excess_bound",
    "width_squared",
]
