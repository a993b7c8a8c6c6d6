"""Every target of the Makefile says what it is for, and make knows what it would run for it."""

import os
import re
import shlex
import subprocess
from importlib.util import find_spec

import pytest

from tools import chapters

TEXT = (chapters.ROOT / "Makefile").read_text(encoding="utf8")
TARGETS = re.search(r"(?m)^\.PHONY: (.*)$", TEXT)[1].split()


HANDED_DOWN = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PROFILE", "KEEP", "URL", "SITE")


def make(*arguments):
    # As a reader calls it, also where these tests are run by make: what that one hands down would add its own lines.
    clean = {k: v for k, v in os.environ.items() if k not in HANDED_DOWN}
    options = {"cwd": chapters.ROOT, "env": clean, "capture_output": True, "text": True}
    return subprocess.run(["make", *arguments], **options, check=False)


def test_help_lists_every_target_with_a_text_and_is_what_make_alone_prints():
    done = make("help")
    assert dict(line.split(maxsplit=1) for line in done.stdout.splitlines()).keys() == set(TARGETS)
    assert make().stdout == done.stdout


def test_every_target_is_phony():
    """A file called ``site`` or ``test`` must not keep make from running the target of that name."""
    assert sorted(re.findall(r"(?m)^([a-z][a-z-]*):(?!=)", TEXT)) == sorted(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_make_knows_what_it_would_run(target):
    done = make("-n", target)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    for module in re.findall(r"python -m ([\w.]+)", done.stdout):
        assert find_spec(module) is not None, module
    assert "undefined variable" not in make("-n", "--warn-undefined-variables", target).stderr


# How much is said, on how many cores and how long at most: a reader without make may leave it out.
PACE = re.compile(r"-q|-n|2|--dist|loadfile|worksteal|--(nbmake-)?timeout=.*|--show-capture=.*")


def commands(text):
    """Return the programs that a shell text runs, each with its settings and options, sorted."""
    lines = [line for line in re.split(r"\n|&&|\|\|", text) if not line.strip().startswith(("test ", "touch "))]
    words = (shlex.split(line, comments=True) for line in lines)
    return sorted([w for w in line if not PACE.fullmatch(w)] for line in words if line and "-c" not in line)


def test_the_readme_says_without_make_what_make_runs():
    readme = (chapters.ROOT / "README.md").read_text(encoding="utf8")
    block = re.search(r"### Without make\n\n```\n(.*?)```", readme, re.DOTALL)[1]
    assert commands(block) == commands(make("-n", "-W", "requirements.txt", "test", "book").stdout)
