import pytest

from lrdecay_core import environment


def test_profile_defaults_to_quick(monkeypatch):
    monkeypatch.delenv("LRDECAY_PROFILE", raising=False)
    assert environment.profile() == "quick"


def test_a_named_profile_goes_before_the_one_in_force(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")
    assert not environment.is_quick()
    assert environment.is_quick("quick")
    monkeypatch.setenv("LRDECAY_PROFILE", "quick")
    assert environment.is_quick()
    assert not environment.is_quick("book")


def test_unknown_profile_is_refused(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "fast")
    with pytest.raises(ValueError, match="`LRDECAY_PROFILE` must be one of 'book', 'paper', 'quick', got 'fast'"):
        environment.profile()


def test_progress_is_silent_while_pages_are_built(monkeypatch, capsys):
    monkeypatch.setenv("LRDECAY_STATIC", "1")
    assert list(environment.progress(range(3), "steps")) == [0, 1, 2]
    assert capsys.readouterr().err == ""


def test_progress_shows_otherwise(monkeypatch, capsys):
    monkeypatch.delenv("LRDECAY_STATIC", raising=False)
    assert list(environment.progress(range(3), "steps")) == [0, 1, 2]
    assert "steps" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["checkpoints", "store"])
def test_states_and_results_are_kept_where_the_variable_says(monkeypatch, tmp_path, name):
    place = getattr(environment, name)
    for nothing in (None, ""):
        monkeypatch.delenv(f"LRDECAY_{name.upper()}", raising=False)
        if nothing is not None:
            monkeypatch.setenv(f"LRDECAY_{name.upper()}", nothing)
        assert place() is None
    monkeypatch.setenv(f"LRDECAY_{name.upper()}", str(tmp_path))
    assert place() == tmp_path
