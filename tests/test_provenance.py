import subprocess
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
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


def test_an_array_counts_by_its_bytes_its_form_and_nothing_else():
    base = np.arange(6.0).reshape(2, 3)
    key = provenance.config_key({"ends": base})
    assert provenance.config_key({"ends": np.asfortranarray(base)}) == key
    others = (base.T, base.reshape(3, 2), base.astype(np.float32), base.view(np.int64), np.nextafter(base, 9), base[:1])
    assert len({key, *(provenance.config_key({"ends": other}) for other in others)}) == 1 + len(others)
    for bad in (np.array([{}]), np.ma.ones(2)):
        with pytest.raises(ValueError, match="`config` may hold"):
            provenance.config_key(bad)


def test_collect_names_what_is_needed_to_redo_a_run():
    found = provenance.collect()
    assert set(found) == {"profile", "commit", "python", "versions", "device", "machine", "cores"}
    assert found["versions"]["torch"].startswith("2.")


def test_commit_is_that_of_the_checkout():
    head = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False)
    expected = head.stdout.strip() if head.returncode == 0 else "unknown"
    assert provenance.collect()["commit"].rstrip("+") == expected


def test_names_are_words_and_numbers_are_numbers_wherever_they_come_from():
    with pytest.raises(ValueError, match=r"`config` must name its parts by words, got \[1\]"):
        provenance.config_key({1: "a"})
    plain = {"rate": 0.1, "seed": 3}
    key = provenance.config_key(plain)
    assert provenance.config_key({"rate": np.float64(0.1), "seed": np.int64(3)}) == key
    assert provenance.config_key(MappingProxyType(plain)) == key


def test_what_has_no_end_has_no_key():
    endless = []
    endless.append(endless)
    for config, message in ((endless, "must end"), (10**5000, "4096 bits")):
        with pytest.raises(ValueError, match=f"`config` .*{message}"):
            provenance.config_key(config)
