"""What CI does before the two commands: a browser for the tests, and no red run for want of a network."""

import re
import shutil
import subprocess

import pytest

from tests.chromium import promised
from tools import chapters

BROWSER = chapters.ROOT / ".ci" / "browser"
NEEDED = ("bash", "env", "timeout", "touch", "chmod", "true")
ASKED = 'echo "$@" >> "$BIN/asked"\n'
INSTALLS = ASKED + 'case "$*" in *" install "*) touch "$BIN/chromium"; chmod +x "$BIN/chromium";; esac'
SUDO = '[ "$1" = -n ] && shift && exec "$@"'


@pytest.fixture
def machine(tmp_path):
    """Return run(user, **programs): exit status, words and calls of apt-get where there are only these programs."""

    def run(user, **programs):
        for name in NEEDED:
            (tmp_path / name).symlink_to(f"/usr/bin/{name}")
        for name, body in {"id": f"echo {user}", **programs}.items():
            path = tmp_path / name.replace("_", "-")
            path.write_text(f"#!/bin/bash\n{body}\n", encoding="utf8")
            path.chmod(0o755)
        there, asked = {"PATH": str(tmp_path), "BIN": str(tmp_path)}, tmp_path / "asked"
        done = subprocess.run([BROWSER], env=there, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr, asked.read_text().splitlines() if asked.exists() else []

    return run


@pytest.mark.parametrize("name", ["chromium", "chromium_browser", "google_chrome"])
def test_a_browser_that_is_there_is_enough(machine, name):
    assert machine(1000, **{name: "", "apt_get": INSTALLS}) == (0, "", [])


@pytest.mark.parametrize(("user", "more"), [(0, {}), (1000, {"sudo": SUDO})])
def test_it_is_installed_by_root_and_by_who_may_become_root(machine, user, more):
    status, words, (update, install) = machine(user, apt_get=INSTALLS, **more)
    assert (status, words.split()[:2]) == (0, ["Browser:", "installed"])
    assert update.endswith(" update")
    assert " install -y --no-install-recommends chromium fonts-" in install


@pytest.mark.parametrize(
    ("user", "programs", "reason"),
    [
        (0, {}, "no apt-get"),
        (1000, {"apt_get": INSTALLS}, "neither root nor sudo"),
        (1000, {"apt_get": INSTALLS, "sudo": "exit 1"}, "neither root nor sudo"),
        (0, {"apt_get": "exit 100"}, "apt-get update failed"),
        (0, {"apt_get": 'case "$*" in *" install "*) exit 100;; esac'}, "apt-get install failed"),
        (0, {"apt_get": ASKED}, "without a browser in them"),
    ],
)
def test_a_browser_that_cannot_be_had_is_told_and_the_tests_skip(machine, user, programs, reason):
    status, words, _ = machine(user, **programs)
    assert status == 1
    assert reason in words
    assert words.endswith("the browser tests will skip.\n")


@pytest.mark.parametrize(("needed", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)])
def test_an_absent_browser_skips_and_a_promised_one_fails(monkeypatch, tmp_path, needed, outcome):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("LRDECAY_CHROMIUM", raising=False)
    monkeypatch.setenv("LRDECAY_NEEDS_BROWSER", needed)
    with pytest.raises(outcome, match=r"Chromium is absent: \.ci/browser installs it"):
        promised()


def test_one_process_starts_one_browser():
    """``make check-all`` runs browser tests and site tests in one process, which refuses a second Playwright."""
    folder = chapters.ROOT / "tests"
    starting = [p.name for p in folder.rglob("*.py") if re.search(r"launched\(|sync_playwright\(", p.read_text("utf8"))]
    assert starting == ["chromium.py"]


@pytest.mark.parametrize(("limit", "status"), [("60", 0), ("-1", 1)])
def test_a_book_without_a_change_that_takes_too_long_fails(tmp_path, limit, status):
    (tmp_path / ".ci").mkdir()
    shutil.copy(chapters.ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    build = "mkdir -p _build/quick/_build/html _build/html; echo make 4"
    for name, body in ((".ci/browser", "exit 1"), ("make", build), ("python3", "")):
        (tmp_path / name).write_text(f"#!/bin/bash\n{body}\n", encoding="utf8")
        (tmp_path / name).chmod(0o755)
    there = {"PATH": f"{tmp_path}:/usr/bin:/bin", "LRDECAY_WARM_SECONDS": limit}
    done = subprocess.run([tmp_path / ".ci" / "run"], env=there, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert ("has become slow" in done.stderr) == bool(status)
    assert ("whole run" in done.stdout) != bool(status)
