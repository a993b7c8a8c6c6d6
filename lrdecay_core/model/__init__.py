"""The nonlinear model f(x; u, v) = <u * v, x>: problem, weights, manifold, minimum norm, SGD."""

from lrdecay_core.model import manifold
from lrdecay_core.model.grid import grid
from lrdecay_core.model.minimum_norm import MinimumNorm, minimum_norm
from lrdecay_core.model.path import Path
from lrdecay_core.model.problem import Problem
from lrdecay_core.model.sgd import sgd
from lrdecay_core.model.weights import Weights

__all__ = ["MinimumNorm", "Path", "Problem", "Weights", "grid", "manifold", "minimum_norm", "sgd"]
