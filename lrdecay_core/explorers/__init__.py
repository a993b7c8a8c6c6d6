"""Figures a reader can move: widgets where there is a kernel, HTML and one inline script where there is none."""

from lrdecay_core.explorers.budget import budget
from lrdecay_core.explorers.collapse import collapse
from lrdecay_core.explorers.explorer import Explorer
from lrdecay_core.explorers.late_decay import late_decay
from lrdecay_core.explorers.planner import planner
from lrdecay_core.explorers.space_curve import space_curve
from lrdecay_core.explorers.spectra import spectra
from lrdecay_core.explorers.two_landscapes import two_landscapes

__all__ = ["Explorer", "budget", "collapse", "late_decay", "planner", "space_curve", "spectra", "two_landscapes"]
