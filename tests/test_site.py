"""Every rule for built pages is seen to fail on a page that breaks it, and to pass the page that does not."""

import json

import pytest
from myst_nb.core.config import ipywidgets_js_factory
from sphinx.ext.mathjax import MATHJAX_URL

from tools import check_site
from tools import page_rules as rules

FIGURE = '<figure><img src="a.png" alt="{alt}"><figcaption><p>Fig. 1 The gap grows.#</p></figcaption></figure>'
LONG = FIGURE.replace("gap grows.", "gap grows with time; more.")
COLAB = "https://colab.research.google.com/github/o/r/blob/main/chapters/one.ipynb"
BINDER = "https://mybinder.org/v2/gh/o/r/main?urlpath=lab/tree/chapters/one.ipynb"


def site_of(folder, **pages):
    """A site with these pages: the name, with __ for a slash, and what stands in its main part."""
    for name, body in pages.items():
        path = folder / (name.replace("__", "/") + ".html")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<html><body><main><h1>Title</h1>{body}</main></body></html>", encoding="utf8")
    (folder / "a.png").touch()
    return rules.Site(folder)


@pytest.mark.parametrize(
    ("rule", "sound", "broken", "message"),
    [
        (
            rules.broken_links,
            '<a href="two.html#t">x</a><p id="t">',
            '<a href="three.html">x</a>',
            "does not exist",
        ),
        (rules.broken_links, '<a href="#t">x</a><p id="t">', '<a href="two.html#u">x</a>', "no such anchor"),
        (rules.broken_links, '<img src="a.png">', '<img src="b.png">', "does not exist"),
        (
            rules.broken_links,
            '<a href="https://example.org/x">x</a>',
            '<script src="gone.js"></script>',
            "gone.js",
        ),
        (rules.repeated_ids, '<p id="a"><p id="b">', '<p id="a"><p id="a">', "stands 2 times"),
        (rules.poor_alternatives, FIGURE.format(alt="Two lines part."), FIGURE.format(alt=""), "no alt text"),
        (rules.poor_alternatives, '<img src="a.png" alt="A valley">', '<img src="a.png">', "no alt text"),
        (
            rules.poor_alternatives,
            FIGURE.format(alt="Bars"),
            FIGURE.format(alt="../_images/4f.png"),
            "a file name",
        ),
        (rules.poor_alternatives, FIGURE.format(alt="Bars"), FIGURE.format(alt="out.svg"), "a file name"),
        (
            rules.poor_alternatives,
            FIGURE.format(alt="Bars"),
            FIGURE.format(alt="The gap grows"),
            "repeats its caption",
        ),
        (
            rules.poor_alternatives,
            LONG.format(alt="The gap"),  # a word of the caption is no copy of it
            LONG.format(alt="The gap grows with time"),
            "repeats its caption",
        ),
        (
            rules.poor_alternatives,
            '<img src="a.png" alt="A valley"><img src="a.png" alt="A hill">',
            '<img src="a.png" alt="A valley"><img src="a.png" alt="A valley">',
            "alt text of another image",
        ),
        (
            rules.shown_errors,
            '<div class="cell_output"><pre>1.0</pre></div>',
            '<div class="cell_output"><pre>Traceback (most recent call last)\nValueError</pre></div>',
            "shows a traceback",
        ),
        (rules.shown_errors, "", '<div class="cell_output"><div class="stderr">warn</div></div>', "stderr"),
        (rules.shown_errors, "", "<p>Unknown mime type</p>", "unknown type"),
        (rules.shown_errors, "<p>a | b</p>", "<p>| a | b |\n|—|—|\n| 1 | 2 |</p>", "the source of a table"),
        (rules.shown_errors, "", '<aside class="system-message">Title underline too short</aside>', "builder"),
        (
            rules.unlinked_names,
            '<article><a href="#a"><code class="xref py">f()</code></a><dl class="py"><code class="xref py">g',
            '<article><code class="xref py">f()</code></article>',
            "f() leads nowhere",
        ),
        (
            rules.external_requests,
            f'<script src="{rules.EXTERNAL_SCRIPTS[0]}"></script>',
            '<script src="https://cdn.example.org/x.js"></script>',
            "from elsewhere",
        ),
        (rules.external_requests, "", '<img src="https://cdn.example.org/x.png">', "from elsewhere"),
        (rules.external_requests, "", '<link rel="stylesheet" href="//cdn.example.org/x.css">', "from elsewhere"),
    ],
)
def test_a_rule_for_pages(tmp_path, rule, sound, broken, message):
    assert list(rule(site_of(tmp_path / "sound", one=sound, two='<p id="t">'))) == []
    assert message in "\n".join(rule(site_of(tmp_path / "broken", one=broken, two='<p id="t">')))


def test_an_expected_exception_may_stand_on_a_page(tmp_path):
    cell = '<div class="cell {}"><div class="cell_output"><pre>Traceback (most recent call last)</pre></div></div>'
    assert list(rules.shown_errors(site_of(tmp_path, one=cell.format("tag_raises-exception")))) == []


def test_a_site_with_vendored_scripts_loads_none_from_elsewhere(tmp_path):
    site = site_of(tmp_path, one=f'<script src="{rules.EXTERNAL_SCRIPTS[0]}"></script>')
    assert list(rules.external_requests(site)) == []
    (tmp_path / "_static" / "vendored").mkdir(parents=True)
    assert "from elsewhere" in "\n".join(rules.external_requests(site))


def test_the_scripts_of_other_hosts_are_those_that_sphinx_and_myst_nb_name_by_themselves():
    assert (MATHJAX_URL, *ipywidgets_js_factory()) == rules.EXTERNAL_SCRIPTS


def test_weights_count_each_own_part_once(tmp_path, monkeypatch):
    (tmp_path / "b.png").write_bytes(b"x" * 1000)
    (tmp_path / "c.js").write_bytes(b"x" * 9000)  # travels in a few dozen bytes
    twice = '<img src="b.png"><img src="b.png?v=1"><script src="c.js"></script><img src="https://example.org/c.png">'
    inline = f'<img src="data:image/png;base64,{"A" * 5000}">'  # longer than a path may be
    site = site_of(tmp_path, one=twice + inline, two="")
    assert 1000 < rules.weight(site, "one.html") < 1400
    assert list(rules.too_heavy(site)) == []
    monkeypatch.setattr(rules, "HEAVIEST_PAGE", 1000)
    monkeypatch.setattr(rules, "HEAVIEST_SITE", 9999)
    assert [line.split()[0] for line in rules.too_heavy(site)] == ["one.html:", "the"]


def test_a_page_of_the_contents_that_was_not_built_is_noticed(tmp_path):
    site = site_of(tmp_path, index="", intro="", chapters__one="")
    assert list(check_site.missing_pages(site, ["intro", "chapters/one"])) == []
    assert list(check_site.missing_pages(site, ["intro", "chapters/two"])) == [
        "chapters/two.html: promised by _toc.yml, not in the site"
    ]


def test_launch_buttons_lead_to_the_configured_repository(tmp_path):
    links = f'<a href="{COLAB}">Colab</a><a href="{BINDER}">Binder</a>'
    site = site_of(tmp_path, chapters__one=links)
    assert list(check_site.launch_buttons(site, "https://github.com/o/r", "main", ["chapters/one.ipynb"])) == []
    assert len(list(check_site.launch_buttons(site, "https://github.com/p/r", "main", ["chapters/one.ipynb"]))) == 2
    assert len(list(check_site.launch_buttons(site, "https://github.com/o/r", "main", ["chapters/two.ipynb"]))) == 2


def ledger_site(folder, printed, shown, claims):
    section = (
        '<section id="n1"><span id="claim-n1"></span><h2>N1: it helps</h2><span class="verdict">{}</span></section>'
    )
    row = '<table><tr><td>S1</td><td><span class="verdict">{}</span></td></tr></table>'
    site = site_of(folder, chapters__claims=section.format(printed), intro=row.format(shown))
    (folder / "claims.json").write_text(claims, encoding="utf8")
    return list(check_site.ledger_and_tables(site))


def test_the_tables_say_what_the_ledger_says(tmp_path):
    claims = json.dumps({"claims": [{"id": "N1", "source": "S1", "verdict": "partly"}]})
    assert ledger_site(tmp_path / "sound", "partly", "partly", claims) == []
    assert "claims.html" in ledger_site(tmp_path / "a", "reproduced", "partly", claims)[0]
    assert "intro.html" in ledger_site(tmp_path / "b", "partly", "reproduced", claims)[0]


def test_a_ledger_with_nan_is_refused(tmp_path):
    claims = '{"claims": [{"id": "N1", "source": "S1", "verdict": "partly", "estimate": NaN}]}'
    with pytest.raises(ValueError, match="NaN, which is not JSON"):
        ledger_site(tmp_path, "partly", "partly", claims)


def test_a_site_without_a_ledger_is_noticed(tmp_path):
    assert list(check_site.ledger_and_tables(site_of(tmp_path, intro=""))) == ["claims.json: not in the site"]


NUMBERED = '<figure id="fig-a"><figcaption><span class="caption-number">Fig. 1 </span></figcaption></figure>'
PROVED = (
    '<div class="proof" id="thm"><p class="admonition-title"><span class="caption-number">Theorem 1</span></p></div>'
)
LISTED = '<article><a href="../intro.html#fig-a">1</a><a href="one.html#thm">2</a><a href="claims.html#claim-n1">3</a>'


@pytest.mark.parametrize("missing", ["", "../intro.html#fig-a", "one.html#thm", "claims.html#claim-n1"])
def test_what_has_a_number_stands_in_the_lists(tmp_path, missing):
    lists = LISTED.replace(missing, "#gone") if missing else LISTED
    site = site_of(tmp_path, intro=NUMBERED, chapters__one=PROVED, chapters__figures=lists)
    assert len(list(check_site.unlisted(site, ["N1"]))) == bool(missing)
