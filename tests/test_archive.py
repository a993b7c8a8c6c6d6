"""The archive: equal sites make equal zips, sums that ``sha256sum --check`` accepts, words for what is missing."""

import contextlib
import os
import subprocess
import sys
import zipfile

import pytest

from tools import archive


@pytest.fixture
def site(tmp_path):
    """A page in a folder of its own and a picture."""
    (tmp_path / "html" / "chapters").mkdir(parents=True)
    (tmp_path / "html" / "chapters" / "one.html").write_text("<h1>One</h1>", encoding="utf8")
    (tmp_path / "html" / "index.html").write_text("<h1>Index</h1>", encoding="utf8")
    (tmp_path / "html" / "a.png").write_bytes(bytes(range(256)))
    (tmp_path / "html" / "_static" / "vendored").mkdir(parents=True)
    return tmp_path / "html"


def test_equal_sites_make_equal_zips_that_hold_every_file(site, tmp_path):
    archive.pack(site, tmp_path / "first.zip")
    for path in site.rglob("*.*"):
        os.utime(path, (1, 2_000_000_000))
        path.chmod(0o600)
    archive.pack(site, tmp_path / "second.zip")
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "first.zip") as packed:
        assert packed.testzip() is None
        packed.extractall(tmp_path / "unpacked")
    there = {p.relative_to(site): p.read_bytes() for p in site.rglob("*.*")}
    unpacked = tmp_path / "unpacked" / "late-decay-book"
    assert {p.relative_to(unpacked): p.read_bytes() for p in unpacked.rglob("*.*")} == there
    (site / "a.png").write_bytes(b"changed")
    archive.pack(site, tmp_path / "third.zip")
    assert (tmp_path / "third.zip").read_bytes() != (tmp_path / "first.zip").read_bytes()


def test_the_sums_are_what_sha256sum_checks(tmp_path):
    for name in ("a.pdf", "b.zip", "notes.txt"):
        (tmp_path / name).write_text(name, encoding="utf8")
    made = [tmp_path / "a.pdf", tmp_path / "b.zip"]
    (tmp_path / "SHA256SUMS").write_text(archive.sums(made), encoding="utf8")
    check = ("sha256sum", "--check", "--strict", "SHA256SUMS")
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["a.pdf:", "OK", "b.zip:", "OK"])
    (tmp_path / "a.pdf").write_text("another", encoding="utf8")
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode == 1


def archived(site, output, **environment):
    return subprocess.run(
        [sys.executable, "-m", "tools.archive", "--site", site, "--output", output],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_browser_the_archive_says_what_is_missing(site, tmp_path):
    done = archived(site, tmp_path / "archive", PATH=str(tmp_path), LRDECAY_CHROMIUM="")
    assert done.returncode == 1
    assert "Chromium, which is absent" in done.stderr
    assert not (tmp_path / "archive").exists()


def test_a_site_that_was_not_built_is_told(tmp_path):
    done = archived(tmp_path / "none", tmp_path / "archive")
    assert done.returncode == 1
    assert "make book" in done.stderr
    assert not (tmp_path / "archive").exists()


def test_a_site_without_scripts_of_its_own_is_told(site, tmp_path):
    """Its formulas would come from a CDN, which the printing browser does not reach."""
    (site / "_static" / "vendored").rmdir()
    done = archived(site, tmp_path / "archive")
    assert done.returncode == 1
    assert "no vendored scripts" in done.stderr
    assert not (tmp_path / "archive").exists()


def test_what_an_earlier_archive_left_is_neither_kept_nor_summed(site, tmp_path, monkeypatch):
    for name in (archive.PDF, archive.ZIP):
        (tmp_path / name).write_text("of an earlier site", encoding="utf8")
    monkeypatch.setattr(archive.browser, "launched", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(archive.printing, "book", lambda *arguments: arguments[-1].write_text("printed", "utf8"))
    assert archive.make("chromium", site, tmp_path, pdf_alone=True) == [tmp_path / archive.PDF]
    assert not (tmp_path / archive.ZIP).exists()
    assert archive.make("chromium", site, tmp_path) == [tmp_path / archive.PDF, tmp_path / archive.ZIP]
    assert (tmp_path / archive.PDF).read_text(encoding="utf8") == "printed"
