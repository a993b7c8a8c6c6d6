import pytest

from lrdecay_core.claims.thresholds import thresholds


def test_book_is_stricter_than_quick(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")
    book = thresholds()
    monkeypatch.setenv("LRDECAY_PROFILE", "quick")
    quick = thresholds()
    assert book.confidence == 0.95
    assert book.control_share == pytest.approx(1 / 3)
    assert quick.confidence < book.confidence
    assert quick.control_share > book.control_share
