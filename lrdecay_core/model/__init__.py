"""The nonlinear model f(x; u, v) = <u * v, x>, and a second one, f(A; U, V) = <U V^T, A>: problems, minima, SGD."""

from lrdecay_core.model import manifold, matrix
from lrdecay_core.model.inputs import grid
from lrdecay_core.model.manifold import MinimumNorm, minimum_norm
from lrdecay_core.model.matrix import MatrixProblem
from lrdecay_core.model.matrix_sgd import MatrixPath, matrix_sgd
from lrdecay_core.model.problem import Problem
from lrdecay_core.model.sgd import Path, sgd
from lrdecay_core.model.weights import Weights

__all__ = [
    "MatrixPath",
    "MatrixProblem",
    "MinimumNorm",
    "Path",
    "Problem",
    "Weights",
    "grid",
    "manifold",
    "matrix",
    "matrix_sgd",
    "minimum_norm",
    "sgd",
]
