"""The audit sees what it is there for, on pages with one fault among many sound texts."""

import pytest

from tests.site.audit import darken, faint, other_faults

SOUND = "<p>Dark words on white</p>" * 100
HEAD = '<!doctype html><html lang="en" data-theme="light"><head><title>Page</title><style>{}</style></head>'
PAGE = HEAD + '<body style="background: #fff; color: #222"><main><h1>Title</h1>{}' + SOUND + "</main></body></html>"


@pytest.fixture
def show(desktop):
    """Return show(body, style): an open page."""
    page = desktop.new_page()

    def show(body="", style=""):
        page.set_content(PAGE.format(style, body + SOUND))
        return page

    yield show
    page.close()


@pytest.mark.parametrize(
    ("body", "style"),
    [
        ('<p id="x" style="color: #999">Grey words</p>', ""),
        ('<div style="background: #333"><p id="x">Dark words on dark</p></div>', ""),
        ('<div style="opacity: 0.4"><p id="x">Fading words</p></div>', ""),
        ('<p style="display: none" class="y">Hidden</p><p id="x" class="y">Grey</p>', ".y { color: #999 }"),
        ('<p class="y" style="visibility: hidden">Hidden</p><p id="x" class="y">Grey</p>', ".y { color: #999 }"),
        ('<p style="color: #999">.</p><p id="x" style="color: #999">Grey words</p>', ""),
        ('<p class="y" style="font-size: 40px">Large</p><p id="x" class="y">Small</p>', ".y { color: #888 }"),
    ],
    ids=["grey", "dark ground", "opacity", "after a hidden one", "after an invisible one", "after a dot", "size"],
)
def test_one_faint_text_among_hundreds_is_found(show, body, style):
    page = show(body, style)
    found = faint(page)
    assert len(found) == len(faint(page, every=True)) == 1
    assert "#x" in found[0]
    assert page.locator("[data-audited]").count() < 30


def test_a_page_that_is_faint_only_in_the_dark(show):
    dark = "html[data-theme=dark] body { background: #111 !important } html[data-theme=dark] p { color: #ddd }"
    page = show('<p id="x" style="color: #222">Set in the light</p>', dark)
    assert faint(page) == []
    darken(page)
    assert [line for line in faint(page) if "#x" in line]
    assert not [line for line in faint(page) if "Dark words" in line]


def test_other_rules_look_at_every_element(show):
    assert other_faults(show()) == []
    assert "image-alt" in other_faults(show('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'))[0]
    assert other_faults(show('<p style="color: #999">Grey</p>')) == []
