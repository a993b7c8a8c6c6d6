import hashlib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from lrdecay_core.data import download

CONTENT = bytes(range(256)) * 40
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch):
    """A server that gives each of ``answers`` once: "good", "short", "other", "error"."""
    monkeypatch.setattr(download, "PAUSE", 0.0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer = answers.pop(0)
            self.send_response(500 if answer == "error" else 200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write({"good": CONTENT, "short": CONTENT[:999], "other": CONTENT[::-1], "error": b""}[answer])

        def log_message(self, *arguments):
            pass

    answers = []
    listener = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{listener.server_port}/file", answers
    listener.shutdown()
    thread.join()
    listener.server_close()


@pytest.mark.parametrize("answers", [["good"], ["short", "good"], ["error", "other", "good"]])
def test_it_is_tried_again_until_the_right_file_is_here(server, tmp_path, answers):
    server[1][:] = answers
    download.fetch(server[0], tmp_path / "deep" / "file", checksum=CHECKSUM)
    assert (tmp_path / "deep" / "file").read_bytes() == CONTENT
    assert download.sha256(tmp_path / "deep" / "file") == CHECKSUM
    assert server[1] == []
    assert len(list((tmp_path / "deep").iterdir())) == 1


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        ("short", ValueError, "got 999 bytes"),
        ("other", ValueError, f"must give the file with SHA-256 {CHECKSUM}, got 10240 bytes"),
        ("error", OSError, "500"),
    ],
)
def test_three_failures_leave_nothing_behind(server, tmp_path, answer, error, message):
    server[1][:] = [answer] * 3
    with pytest.raises(error, match=message):
        download.fetch(server[0], tmp_path / "file", checksum=CHECKSUM)
    assert list(tmp_path.iterdir()) == []


def test_nobody_there(monkeypatch, tmp_path):
    monkeypatch.setattr(download, "PAUSE", 0.0)
    with pytest.raises(OSError, match="refused"):
        download.fetch("http://127.0.0.1:9/file", tmp_path / "file", checksum=CHECKSUM)
