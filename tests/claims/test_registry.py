import tomllib
from importlib.resources import files

import pytest

from lrdecay_core import environment
from lrdecay_core.claims import REGISTRY, STATEMENTS, VERDICTS, expected


def test_every_claim_has_a_source_and_an_expected_verdict():
    for claim in REGISTRY.values():
        assert claim.source in (*STATEMENTS, "ours")
        for profile in ("quick", "book"):
            assert set(expected(claim.id, profile)) <= set(VERDICTS)


def test_expected_verdicts_name_known_claims_and_profiles_only():
    table = tomllib.loads((files("lrdecay_core.claims") / "expected.toml").read_text())
    assert set(table) <= set(environment.PROFILES)
    for claims in table.values():
        assert set(claims) == set(REGISTRY)


def test_the_book_expects_one_verdict_each():
    for claim_id in REGISTRY:
        assert len(expected(claim_id, "book")) == 1


def test_unknown_claim():
    with pytest.raises(KeyError):
        expected("Z9", "book")
