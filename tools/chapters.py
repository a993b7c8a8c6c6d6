"""Which notebooks make up the book, and where their executions are kept.

jupyter-cache recognises a notebook by its cells alone. It does not see the library the cells call, so an edited
function would leave an old page in place. The folder of the cache therefore carries a stamp of everything else an
output depends on: the library's files, the pins, the profile.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import yaml
from jupyter_cache import get_cache
from jupyter_cache.base import JupyterCacheAbstract

from tools import exercises

ROOT = Path(__file__).resolve().parents[1]
PROFILES = ("quick", "book", "paper")
PINS = ("requirements.txt", "constraints.txt")
GENERATED = ROOT / "_generated"


def set_environment(profile: str | None = None) -> None:
    """Set what an execution of a chapter sees: profile, one thread, no progress bars (stderr must stay empty)."""
    os.environ["LRDECAY_PROFILE"] = profile or os.environ.get("LRDECAY_PROFILE") or "quick"
    os.environ["LRDECAY_STATIC"] = "1"
    for library in ("OMP", "MKL", "OPENBLAS"):  # small products: threads gain nothing, and lose much on a busy machine
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    if os.environ["LRDECAY_PROFILE"] not in PROFILES:
        raise ValueError(f"`LRDECAY_PROFILE` must be one of {PROFILES}, got {os.environ['LRDECAY_PROFILE']!r}")
    folders = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(folders))


def pages(root: Path = ROOT) -> list[str]:
    """Return the pages named in ``_toc.yml``, in reading order, as written there."""
    return list(_files(yaml.safe_load((root / "_toc.yml").read_text(encoding="utf8"))))


def _files(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (node[key] for key in ("root", "file") if key in node)
        for key in ("parts", "chapters", "sections"):
            yield from _files(node.get(key))
    elif isinstance(node, list):
        for item in node:
            yield from _files(item)


def notebooks() -> list[Path]:
    """Return the book's notebooks; a page that is neither notebook nor Markdown file is an error."""
    found = []
    for page in pages():
        candidates = [ROOT / f"{page}{suffix}" for suffix in ("", ".ipynb", ".md")]
        path = next((p for p in candidates if p.is_file()), None)
        if path is None:
            raise FileNotFoundError(f"_toc.yml names {page}, but there is no such notebook or Markdown file")
        if path.suffix == ".ipynb":
            found.append(path)
    return found


def stamp() -> str:
    """Return 12 hexadecimal digits for all that an output depends on besides its notebook."""
    library = [p for p in (ROOT / "lrdecay_core").rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    digest = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for path in [*sorted(library), *(ROOT / name for name in PINS)]:
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for name, default in (("LRDECAY_PROFILE", "quick"), ("LRDECAY_STATIC", "")):
        digest.update(f"{name}={os.environ.get(name, default)}\0".encode())
    return digest.hexdigest()[:12]


def cache_dir() -> Path:
    """Return the folder in which executions under the present library, pins and profile are kept."""
    return ROOT / "_build" / ".jupyter_cache" / stamp()


def open_cache() -> JupyterCacheAbstract:
    """Return the cache with its database created, so that parallel workers do not race for it."""
    cache = get_cache(cache_dir())
    _ = cache.db
    return cache


def read(path: Path) -> nbformat.NotebookNode:
    """Return a notebook as the book build reads it."""
    return nbformat.read(str(path), as_version=4)


def executed(path: Path) -> tuple[nbformat.NotebookNode, dict[str, Any]] | None:
    """Return the kept execution of a notebook and its measurements, or None if there is none."""
    cache, source = open_cache(), read(path)
    try:
        record = cache.match_cache_notebook(source)
    except KeyError:
        return None
    if dict(record.data).get("solutions") != exercises.stamp(source):
        return None
    return cache.merge_match_into_notebook(source)[1], dict(record.data)


def state() -> dict[str, Any]:
    """Return what the generated pages belong to: the stamp and the notebooks they were collected from."""
    sources = {p.relative_to(ROOT).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()[:12] for p in notebooks()}
    return {"stamp": stamp(), "notebooks": sources}


def rooms() -> list[str]:
    """Return the library's rooms from the top floor down, as the import contract orders them, without empty ones."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["tool"]["importlinter"]
    names = [name.strip() for layer in settings["contracts"][0]["layers"] for name in layer.split("|")]
    library = ROOT / "lrdecay_core"
    return [n for n in names if (library / f"{n}.py").is_file() or (library / n / "__init__.py").is_file()]


def modules(room: str) -> dict[str, list[str]]:
    """Return the modules that a room offers by name, each with what the room itself offers of it."""
    found = importlib.import_module(f"lrdecay_core.{room}")
    offered = {name: getattr(found, name) for name in getattr(found, "__all__", [])}
    return {
        name: [n for n, thing in offered.items() if getattr(thing, "__module__", None) == module.__name__]
        for name, module in offered.items()
        if isinstance(module, ModuleType)
    }
