"""Solvers that several rooms need: convex programmes with certificates of their accuracy, and descent on any loss."""

from lrdecay_core.solvers.basis_pursuit import BasisPursuit, basis_pursuit
from lrdecay_core.solvers.descent import Descent, descend
from lrdecay_core.solvers.entropy_projection import Projection, entropy_projection, kl_projection
from lrdecay_core.solvers.nuclear_norm import NuclearNorm, nuclear_norm

__all__ = [
    "BasisPursuit",
    "Descent",
    "NuclearNorm",
    "Projection",
    "basis_pursuit",
    "descend",
    "entropy_projection",
    "kl_projection",
    "nuclear_norm",
]
