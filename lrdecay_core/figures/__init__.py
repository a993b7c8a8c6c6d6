"""Pictures of results. A figure computes nothing: it takes a result and returns the axes it drew on."""

from lrdecay_core.figures.style import use_style

__all__ = ["use_style"]
