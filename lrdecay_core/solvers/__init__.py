"""Convex programmes that several rooms need, each returned with a certificate of its accuracy."""

from lrdecay_core.solvers.basis_pursuit import BasisPursuit, basis_pursuit
from lrdecay_core.solvers.entropy_projection import Projection, entropy_projection, kl_projection

__all__ = ["BasisPursuit", "Projection", "basis_pursuit", "entropy_projection", "kl_projection"]
