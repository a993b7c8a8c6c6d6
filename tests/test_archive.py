"""The archive: equal sites make equal zips, sums that ``sha256sum --check`` accepts, a PDF of what a reader sees."""

import os
import subprocess
import sys
import zipfile

import pytest
from pypdf import PdfReader

from tests.browser.conftest import promised
from tools import archive

PAGES = {
    "intro.html": """<h1>First things</h1><p><a href="chapters/one.html#there">Onwards</a></p>
<p><a href="https://example.org/">Away</a></p><details><summary>Solution</summary><p>Forty-two</p></details>
<details class="above-input"><summary>Code</summary><p>hidden_code()</p></details>
<div class="bd-sidebar-primary">Contents</div>""",
    "chapters/one.html": """<h1>Second things</h1><p id="there">Arrived</p><p id="late"></p>
<script>window.MathJax = {startup: {promise: new Promise(done => setTimeout(() => {
  document.getElementById("late").textContent = "Formula drawn"; done() }, 300))}}</script>""",
}


@pytest.fixture
def site(tmp_path):
    """Two pages and a picture."""
    for name, body in PAGES.items():
        path = tmp_path / "html" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        title = name.split("/")[-1].removesuffix(".html")
        text = f"<!doctype html><html><head><title>{title} — Book</title></head><body>{body}</body></html>"
        path.write_text(text, encoding="utf8")
    (tmp_path / "html" / "a.png").write_bytes(bytes(range(256)))
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
    (tmp_path / "SHA256SUMS").write_text(archive.sums(tmp_path), encoding="utf8")
    check = ("sha256sum", "--check", "--strict", "SHA256SUMS")
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["a.pdf:", "OK", "b.zip:", "OK"])
    (tmp_path / "a.pdf").write_text("another", encoding="utf8")
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode == 1


@pytest.fixture
def printed(site, tmp_path):
    """The site as a PDF."""
    promised()
    names = list(PAGES)
    archive.bind(site, names, archive.print_pages(site, names, tmp_path), tmp_path / "book.pdf")
    return PdfReader(tmp_path / "book.pdf")


def test_paper_shows_what_a_reader_can_open_and_waits_for_formulas(printed):
    text = " ".join(page.extract_text() for page in printed.pages)
    for words in ("First things", "Forty-two", "Second things", "Formula drawn"):
        assert words in text
    for words in ("hidden_code", "Contents"):
        assert words not in text


def test_links_between_pages_lead_inside_the_pdf_and_others_out(printed):
    assert [item.title for item in printed.outline] == ["intro", "one"]
    assert [printed.get_destination_page_number(item) for item in printed.outline] == [0, 1]
    links = [link.get_object() for link in printed.pages[0]["/Annots"]]
    inside, outside = ([link for link in links if key in link] for key in ("/Dest", "/A"))
    assert [link["/Dest"][0].get_object() == printed.pages[1].get_object() for link in inside] == [True]
    assert [link["/A"]["/URI"] for link in outside] == ["https://example.org/"]
    assert printed.metadata == {"/Title": "Why waiting helps", "/Producer": "late-decay-book"}


def test_without_a_browser_the_archive_says_what_is_missing(site, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("LRDECAY_CHROMIUM", raising=False)
    with pytest.raises(SystemExit, match="Chromium, which is absent"):
        archive.print_pages(site, list(PAGES), tmp_path)


def test_a_site_that_was_not_built_is_told(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tools.archive", "--site", tmp_path / "none", "--output", tmp_path / "archive"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "make book" in done.stderr
    assert not (tmp_path / "archive").exists()
