"""Vendored scripts are what the lock says, or the build stops; without a registry pages fall back to a CDN, aloud."""

import base64
import hashlib
import json
import subprocess
import tarfile

import pytest

from tools import vendor


@pytest.fixture
def archive(tmp_path):
    """A package of two files, as npm packs it."""
    source = tmp_path / "package"
    source.mkdir()
    for name in ("a.js", "b.js"):
        (source / name).write_text(name, encoding="utf8")
    with tarfile.open(tmp_path / "p.tgz", "w:gz") as tar:
        tar.add(source, "package")
    return tmp_path / "p.tgz"


def pin(archive, *files):
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    return {"version": "1", "integrity": f"sha512-{digest}", "files": list(files)}


def test_only_the_named_files_are_taken(archive, tmp_path):
    vendor.unpack(archive, "p", pin(archive, "a*.js"), tmp_path / "taken")
    assert [p.name for p in (tmp_path / "taken").iterdir()] == ["a.js"]


def test_another_hash_or_a_missing_file_stops_the_build(archive, tmp_path):
    good = pin(archive, "a.js")
    with pytest.raises(vendor.WrongPackage, match=r"p@1 has hash sha512-.* says sha512-AAAA"):
        vendor.unpack(archive, "p", good | {"integrity": "sha512-AAAA"}, tmp_path / "taken")
    assert not (tmp_path / "taken").exists()
    with pytest.raises(vendor.WrongPackage, match="holds no gone.js"):
        vendor.unpack(archive, "p", pin(archive, "gone.js"), tmp_path / "taken")


@pytest.fixture
def elsewhere(monkeypatch, tmp_path, archive):
    """A lock of one package, kept in a folder of its own; npm does what the test says."""
    lock = tmp_path / "vendor.json"
    lock.write_text(json.dumps({"mathjax": pin(archive, "a.js")}), encoding="utf8")
    monkeypatch.setattr(vendor, "LOCK", lock)
    monkeypatch.setattr(vendor.chapters, "ROOT", tmp_path)

    def npm(answers):
        def run(command, cwd, **_):
            if answers:
                (cwd / "p.tgz").write_bytes(archive.read_bytes())
            said = "" if answers else "npm error code ENOTFOUND\nnpm error If you are behind a proxy, see help\n"
            return subprocess.CompletedProcess(command, 0 if answers else 1, "", said)

        monkeypatch.setattr(vendor, "npm", run)

    return npm


def test_without_a_registry_pages_fall_back_and_the_build_says_so(elsewhere, capsys):
    elsewhere(False)
    assert vendor.fetch() is False
    assert "from a CDN: npm could not fetch mathjax@1, code ENOTFOUND.\n" in capsys.readouterr().err
    assert not vendor.available()


def test_what_was_fetched_is_kept_until_the_lock_or_the_settings_of_require_change(elsewhere, monkeypatch):
    elsewhere(True)
    assert vendor.fetch()
    elsewhere(False)
    assert vendor.fetch()
    with monkeypatch.context() as change:
        change.setattr(vendor, "REQUIRE_CONFIG", "// other settings")
        assert not vendor.available()
    vendor.LOCK.write_text("{ }", encoding="utf8")
    assert not vendor.available()


def test_the_lock_pins_every_package_and_names_no_address():
    text = vendor.LOCK.read_text(encoding="utf8")
    assert "://" not in text
    for name, entry in json.loads(text).items():
        assert set(entry) == {"version", "integrity", "files"}, name
        assert len(base64.b64decode(entry["integrity"].removeprefix("sha512-"))) == 64, name


@pytest.mark.parametrize("widgets", [False, True])
def test_the_widget_manager_is_in_the_site_only_for_widgets(elsewhere, tmp_path, widgets):
    elsewhere(True)
    vendor.fetch()
    for name in ("requirejs", "@jupyter-widgets"):
        (vendor.folder() / name).mkdir()
    vendor.copy(tmp_path / "site", widgets=widgets)
    found = {p.name for p in (tmp_path / "site" / "_static" / "vendored").iterdir()}
    assert found == {"mathjax"} | ({"requirejs", "@jupyter-widgets", "require-config.js"} if widgets else set())
