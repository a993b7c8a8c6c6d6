"""What the environment says: the profile of a run, whether a page is being built, and where long runs keep their state.

``LRDECAY_PROFILE`` is ``quick`` (default: live notebooks, tests), ``book`` (the published pages) or ``paper`` (CUDA).
``LRDECAY_STATIC=1`` is set while pages are built: no progress bars, interactive figures in their HTML form.
``LRDECAY_CHECKPOINTS`` names a folder in which the runs of a sweep keep their state, to go on from after a kill.
``LRDECAY_STORE`` names a folder in which chapters keep the results of their runs: what is there is not computed again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from tqdm.auto import tqdm

from lrdecay_core import checks

__all__ = ["PROFILES", "bar", "checkpoints", "is_quick", "is_static", "profile", "progress", "store"]

PROFILES = ("quick", "book", "paper")
T = TypeVar("T")


def profile() -> str:
    """Return the profile in force; raise ValueError if the variable holds an unknown word."""
    return checks.one_of("LRDECAY_PROFILE", os.environ.get("LRDECAY_PROFILE", "quick"), PROFILES)


def is_quick(name: str | None = None) -> bool:
    """Return True if the named profile (None: the one in force) is ``quick``."""
    return (name or profile()) == "quick"


def checkpoints() -> Path | None:
    """Return the folder for the state of long runs, or None: a place is no part of a run, so it is not in its spec."""
    folder = os.environ.get("LRDECAY_CHECKPOINTS", "")
    return Path(folder) if folder else None


def store() -> Path | None:
    """Return the folder for the results of the chapters' runs, or None: nothing is kept."""
    folder = os.environ.get("LRDECAY_STORE", "")
    return Path(folder) if folder else None


def is_static() -> bool:
    """Return True while a page is built without a reader at the kernel."""
    return os.environ.get("LRDECAY_STATIC", "") == "1"


def progress(items: Iterable[T], description: str, **options: Any) -> Iterator[T]:
    """Yield ``items`` behind a progress bar, silent while pages are built (their stderr must stay empty)."""
    return iter(tqdm(items, desc=description, disable=is_static(), leave=False, **options))


def bar(description: str, *, total: int, initial: int = 0, **options: Any) -> tqdm:
    """Return a bar with the time left, moved by its ``update()``, for work that ends in any order."""
    shown = {"disable": is_static(), "leave": False, **options}
    return tqdm(desc=description, total=total, initial=initial, **shown)
