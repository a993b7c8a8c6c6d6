"""Rewrite constraints.txt from a fresh resolve of requirements.txt: ``make lock``. Needs the standard library only."""

from __future__ import annotations

import re
import subprocess
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADER = "# Everything requirements.txt pulls in, as resolved on Python 3.11. Rewrite with: make lock\n"
# torch is pinned in requirements.txt without the local label of its build; what it brings along differs by platform.
LEFT_OUT = re.compile(r"(?i)^(torch|triton|nvidia-|cuda-|pip|setuptools|lrdecay)")


def constraints(frozen: str) -> str:
    r"""Return the constraints file for what ``pip freeze`` printed; a line that names an address is left out.

    >>> print(constraints("b==2+local\na @ file:///a.whl\ntorch==2\nA==1\n"), end="")
    # Everything requirements.txt pulls in, as resolved on Python 3.11. Rewrite with: make lock
    A==1
    b==2
    """
    lines = [line.split("+")[0] for line in frozen.splitlines() if "==" in line and "@" not in line]
    return HEADER + "".join(f"{line}\n" for line in sorted(lines, key=str.lower) if not LEFT_OUT.match(line))


def main() -> None:
    """Resolve in a throw-away environment and write the file."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python, wanted = Path(folder) / "bin" / "python", Path(folder) / "requirements.txt"
        lines = (ROOT / "requirements.txt").read_text(encoding="utf8").splitlines()
        wanted.write_text("\n".join(line for line in lines if not line.startswith("-c")), encoding="utf8")
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", wanted], check=True)
        frozen = subprocess.run([python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True).stdout
    (ROOT / "constraints.txt").write_text(constraints(frozen), encoding="utf8")


if __name__ == "__main__":
    main()
