"""Loss landscapes of any network: values, planes, paths and curvature, without touching the network.

Five lines for a network of your own::

    from lrdecay_core import landscape
    losses = {name: landscape.loss_of(net, criterion, x, y) for name, (x, y) in data.items()}
    plane = landscape.plane_through(early, late, third)   # three trained copies of net
    surf = landscape.surface(plane, losses)
    surf["train"], surf["test"]
"""

from lrdecay_core.landscape import mirror
from lrdecay_core.landscape.align import Alignment, align, permute
from lrdecay_core.landscape.curvature import Spectrum, Trace, hessian, top_eigenvalues, trace
from lrdecay_core.landscape.loss import Loss, loss_of
from lrdecay_core.landscape.path import Curve, Profile, around, bezier, line
from lrdecay_core.landscape.plane import Motion, Plane, Trajectory, motion, plane_along, plane_through, project
from lrdecay_core.landscape.surface import Surface, surface
from lrdecay_core.landscape.vectors import filter_normalised, random_directions

__all__ = [
    "Alignment",
    "Curve",
    "Loss",
    "Motion",
    "Plane",
    "Profile",
    "Spectrum",
    "Surface",
    "Trace",
    "Trajectory",
    "align",
    "around",
    "bezier",
    "filter_normalised",
    "hessian",
    "line",
    "loss_of",
    "mirror",
    "motion",
    "permute",
    "plane_along",
    "plane_through",
    "project",
    "random_directions",
    "surface",
    "top_eigenvalues",
    "trace",
]
