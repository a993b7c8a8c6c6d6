"""The repository's address can be moved, everywhere at once, and a fork's build takes the fork's own."""

import shutil
from pathlib import Path

import pytest

from tools import chapters, check_layout, check_notebooks, repository

COPIED = shutil.ignore_patterns(".venv", ".git", "_build", "_generated", "*cache*", "*.egg-info", "results", "tests")
NEW = "https://github.com/some-one/their.book"


@pytest.fixture
def copy(tmp_path):
    return Path(shutil.copytree(chapters.ROOT, tmp_path / "copy", ignore=COPIED))


def test_one_command_moves_every_mention(copy):
    old = repository.configured()["url"].removeprefix("https://github.com/")
    changed = {p.relative_to(copy).as_posix() for p in repository.move(NEW + ".git/", copy)}
    assert {"_config.yml", "README.md", "CITATION.cff", "chapters/late-decay.ipynb"} <= changed
    assert repository.configured(copy)["url"] == NEW
    assert list(check_layout.other_repositories(copy)) == []
    assert not [line for line in check_notebooks.problems(copy) if "bootstrap" in line]
    left = [p for p in copy.rglob("*") if p.is_file() and p.suffix in (".md", ".ipynb", ".yml", ".cff", ".toml", ".py")]
    assert [str(p) for p in left if old in p.read_text(encoding="utf8")] == []
    assert repository.move(NEW, copy) == []


@pytest.mark.parametrize("url", ["", "github.com/a/b", "https://example.org/a/b", "https://github.com/a", NEW + "/c d"])
def test_what_is_no_repository_changes_nothing(copy, url):
    before = (copy / "_config.yml").read_bytes()
    with pytest.raises(ValueError, match=r"`URL` must be like https://github.com/you/book"):
        repository.move(url, copy)
    assert (copy / "_config.yml").read_bytes() == before


@pytest.mark.parametrize(
    ("variables", "url", "branch"),
    [
        ({}, None, None),
        ({"GITHUB_REPOSITORY": "fork/book"}, None, None),  # set by hand, not on Actions
        ({"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "fork/book"}, "https://github.com/fork/book", "trunk"),
        (
            {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "fork/book", "GITHUB_EVENT_NAME": "pull_request"},
            "https://github.com/fork/book",
            None,
        ),
    ],
)
def test_a_build_on_actions_takes_its_own_address(monkeypatch, variables, url, branch):
    for name in ("GITHUB_ACTIONS", "GITHUB_REPOSITORY", "GITHUB_EVENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    common = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "trunk"}
    for name, value in (common | variables).items():
        monkeypatch.setenv(name, value)
    configured = repository.configured()
    assert repository.current() == {"url": url or configured["url"], "branch": branch or configured["branch"]}
    assert (repository.note() is None) == (url is None)
    assert url is None or f"make set-repository URL={url}" in repository.note()
