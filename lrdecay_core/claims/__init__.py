"""Claims: statement, evidence, control, verdict."""

from lrdecay_core.claims.ledger import MIME, Control, Entry, Evidence, Row, judge, record, table, untestable
from lrdecay_core.claims.registry import REGISTRY, STATEMENTS, VERDICTS, Claim, expected
from lrdecay_core.claims.statistics import Interval, mean_interval, rank_trend

__all__ = [
    "MIME",
    "REGISTRY",
    "STATEMENTS",
    "VERDICTS",
    "Claim",
    "Control",
    "Entry",
    "Evidence",
    "Interval",
    "Row",
    "expected",
    "judge",
    "mean_interval",
    "rank_trend",
    "record",
    "table",
    "untestable",
]
