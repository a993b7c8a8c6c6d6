import subprocess
from dataclasses import dataclass

import pytest

from lrdecay_core import provenance


@dataclass(frozen=True)
class Config:
    rate: float
    seeds: tuple[int, ...]


def test_equal_configurations_equal_keys_and_nothing_else():
    keys = [provenance.config_key(c) for c in (Config(0.1, (1, 2)), Config(0.1, (2, 1)), Config(0.2, (1, 2)))]
    assert keys[0] == provenance.config_key(Config(0.1, (1, 2)))
    assert len(set(keys)) == 3


def test_what_has_no_fixed_form_has_no_key():
    with pytest.raises(ValueError, match="got set"):
        provenance.config_key({"seeds": {1, 2}})


def test_collect_names_what_is_needed_to_redo_a_run():
    found = provenance.collect()
    assert set(found) == {"profile", "commit", "python", "versions", "device", "machine", "cores"}
    assert found["versions"]["torch"].startswith("2.")


def test_commit_is_that_of_the_checkout():
    head = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False)
    expected = head.stdout.strip() if head.returncode == 0 else "unknown"
    assert provenance.collect()["commit"].rstrip("+") == expected
