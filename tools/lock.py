"""Rewrite constraints.txt and requirements.lock from a fresh resolve of requirements.txt: ``make lock``.

``make lock KEEP=--keep`` keeps the versions of constraints.txt and rewrites the hashes alone. Only the standard library
is needed. The hashes are those of the files that this machine would install; they hold for its platform and Python.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HEADER = "# Everything requirements.txt pulls in, as resolved on Python 3.11. Rewrite with: make lock\n"
LOCK_HEADER = (
    "# constraints.txt with hashes, for Linux on x86-64 and Python 3.11; torch and this package are left out.\n"
    "# Install torch, then: pip install --no-deps --require-hashes -r requirements.lock. Rewrite with: make lock\n"
)
# torch is pinned in requirements.txt without the local label of its build; what it brings along differs by platform.
LEFT_OUT = re.compile(r"(?i)^(torch|triton|nvidia-|cuda-|pip|setuptools|wheel|lrdecay)")
Pins = list[tuple[str, str, str]]


def pins(report: dict[str, Any]) -> Pins:
    """Return (name, version, SHA-256) of what pip's report would install, by name; builds lose their local label."""
    found = []
    for item in report["install"]:
        name, version = item["metadata"]["name"], item["metadata"]["version"].split("+")[0]
        if not LEFT_OUT.match(name):
            found.append((name, version, item["download_info"]["archive_info"]["hashes"]["sha256"]))
    return sorted(found, key=lambda pin: pin[0].lower())


def constraints(resolved: Pins) -> str:
    """Return the constraints file.

    >>> print(constraints([("A", "1", "0a"), ("b", "2", "0b")]), end="")
    # Everything requirements.txt pulls in, as resolved on Python 3.11. Rewrite with: make lock
    A==1
    b==2
    """
    return HEADER + "".join(f"{name}=={version}\n" for name, version, _ in resolved)


def lock(resolved: Pins) -> str:
    """Return the lock file: the same versions with their hashes, and no address."""
    return LOCK_HEADER + "".join(f"{name}=={version} --hash=sha256:{digest}\n" for name, version, digest in resolved)


def resolve(wanted: str) -> Pins:
    """Have pip resolve ``wanted`` in an empty environment; nothing is installed."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python, lines, report = (Path(folder) / name for name in ("bin/python", "wanted.txt", "report.json"))
        lines.write_text(wanted, encoding="utf8")
        command = [python, "-m", "pip", "install", "-q", "--dry-run", "--report", report, "-r", lines]
        subprocess.run(command, check=True)
        return pins(json.loads(report.read_text(encoding="utf8")))


def main() -> None:
    """Resolve and write both files."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf8").splitlines()
    wanted = [line for line in lines if not line.startswith("-c")]
    if "--keep" in sys.argv[1:]:
        wanted.append(f"-c {ROOT / 'constraints.txt'}")
    resolved = resolve("\n".join(wanted))
    (ROOT / "constraints.txt").write_text(constraints(resolved), encoding="utf8")
    (ROOT / "requirements.lock").write_text(lock(resolved), encoding="utf8")


if __name__ == "__main__":
    main()
