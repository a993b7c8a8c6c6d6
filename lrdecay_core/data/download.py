"""One file from the network: tried again, checked, in place whole or not at all."""

from __future__ import annotations

import hashlib
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

from lrdecay_core import environment, storage

__all__ = ["fetch", "sha256"]

CHUNK = 1 << 18
TRIES = 3
TIMEOUT = 30.0  # seconds without a byte
PAUSE = 1.0  # seconds before the second try; twice as long before each later one


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(url: str, path: Path, *, checksum: str) -> None:
    """Download ``url`` to ``path``.

    Raises:
        OSError: nothing came in three tries.
        ValueError: three times something else came than the file with the SHA-256 ``checksum``.
    """
    problem: Exception
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE * 2 ** (attempt - 1))
        try:
            with storage.replacing(path) as temporary:
                _receive(url, temporary)
                found = sha256(temporary)
                if found != checksum:
                    size = temporary.stat().st_size
                    raise ValueError(
                        f"`url` {url} must give the file with SHA-256 {checksum}, got {size} bytes with {found}; "
                        "cut short on the way, or another file"
                    )
        except HTTPError as error:
            error.close()
            problem = OSError(f"{url}: {error}")
        except (OSError, HTTPException, ValueError) as error:
            problem = error
        else:
            return
    raise problem if isinstance(problem, OSError | ValueError) else OSError(f"{url}: {problem!r}")


def _receive(url: str, path: Path) -> None:
    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer, path.open("xb") as file:
        total = int(answer.headers.get("Content-Length") or 0)
        with environment.bar(path.name.split(".")[0], total=total, unit="B", unit_scale=True) as bar:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
