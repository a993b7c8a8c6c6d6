"""Every target of the Makefile says what it is for, and make knows what it would run for it."""

import os
import re
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
