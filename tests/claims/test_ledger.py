import json
from contextlib import nullcontext

import numpy as np
import pytest

from lrdecay_core import claims
from lrdecay_core.claims import Control, Evidence, Interval, Row

GAIN = Interval(0.02, 0.01, 0.03, 10)
NONE = Interval(np.nan, np.nan, np.nan, 0)


def evidence(verdict="partly"):
    rows = (Row(name="a < b", interval=GAIN, finding="late is better"), Row(name="c", interval=NONE, finding="none"))
    return Evidence(statistic="gain", headline=GAIN, margin=0.01, rows=rows, verdict=verdict)


def control(failed=True):
    return Control(statistic="gain", headline=NONE, threshold="at most 0", rows=(), failed=failed)


def entry(**options):
    return claims.judge("N1", evidence(), control(**options), config_key="abc", seconds=1.0)


def test_entry_carries_itself_in_the_cells_output():
    bundle = entry()._repr_mimebundle_()
    row = bundle[claims.MIME]
    assert json.loads(json.dumps(row, allow_nan=False)) == row
    assert row["id"] == "N1"
    assert row["interval"] == [0.01, 0.03]
    assert row["cells"][1]["estimate"] is None
    assert row["control"]["failed"] is True
    assert row["provenance"]["versions"]["torch"]
    assert "a &lt; b" in bundle["text/html"]
    assert "partly" in bundle["text/html"]


def test_a_control_that_does_not_fail_takes_the_verdict_down():
    assert entry(failed=False).verdict == "not reproduced"
    assert "DOES NOT FAIL" in entry(failed=False)._repr_mimebundle_()["text/html"]


def test_record_shows_the_entry_and_then_stops_on_an_unexpected_verdict(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    claims.record("N1", evidence("partly"), control(), config_key="abc", seconds=1.0)
    assert [row["id"] for row in claims.table()] == ["N1"]
    with pytest.raises(AssertionError, match="N1 reached 'not reproduced'"):
        claims.record("N1", evidence("not reproduced"), control(), config_key="abc", seconds=1.0)
    with pytest.raises(AssertionError, match="control failed: False"):
        claims.record("N1", evidence("partly"), control(failed=False), config_key="abc", seconds=1.0)
    assert len(shown) == 3


def test_made_up_verdicts_and_claims_are_refused():
    with pytest.raises(ValueError, match="`verdict` must be one of"):
        evidence("confirmed")
    with pytest.raises(ValueError, match="`claim_id` must be one of"):
        claims.judge("Z9", evidence(), control(), config_key="abc", seconds=1.0)


def test_a_claim_that_nothing_was_run_for_says_so(monkeypatch):
    monkeypatch.setattr("IPython.display.display", lambda shown: None)
    monkeypatch.setattr("lrdecay_core.claims.ledger.expected", lambda claim_id, profile: ("not testable here",))
    claims.record("N1", *claims.untestable("no machine"), config_key="none", seconds=0.0)
    (row,) = (row for row in claims.table() if row["id"] == "N1")
    assert row["verdict"] == "not testable here"
    assert (row["estimate"], row["margin"], row["n"], row["control"]["failed"]) == (None, None, 0, None)
    found = claims.judge("N1", *claims.untestable("no machine"), config_key="none", seconds=0.0)
    shown = found._repr_mimebundle_()["text/html"]
    assert "<table" not in shown
    assert "Verdict: not testable here." in shown


def test_a_control_that_was_not_run_is_not_said_to_fail():
    shown = entry(failed=None)._repr_mimebundle_()["text/html"]
    assert "was not run" in shown
    assert "fails, as it should" not in shown


@pytest.mark.parametrize(("verdict", "stops"), [("not reproduced", False), ("reproduced", True)])
def test_a_control_may_work_only_where_the_claim_falls_by_itself(monkeypatch, verdict, stops):
    monkeypatch.setattr("IPython.display.display", lambda shown: None)
    monkeypatch.setattr("lrdecay_core.claims.ledger.expected", lambda claim_id, profile: ("not reproduced",))
    with pytest.raises(AssertionError) if stops else nullcontext():
        claims.record("N1", evidence(verdict), control(failed=False), config_key="abc", seconds=1.0)
