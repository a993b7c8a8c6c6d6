"""Many runs of one function: axes make specs, an executor runs them, a store keeps what is done."""

from lrdecay_core.sweeps.result import Failure, Sweep
from lrdecay_core.sweeps.runner import run, run_here
from lrdecay_core.sweeps.specs import grid, key
from lrdecay_core.sweeps.store import Store

__all__ = ["Failure", "Store", "Sweep", "grid", "key", "run", "run_here"]
