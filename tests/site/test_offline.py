"""Every page of the built site with the network blocked: formulas, figures, search, from a server and from the disk."""

from tests.site.conftest import FOLDER
from tools import page_rules

LOOK = """() => ({
  formulas: document.querySelectorAll(".math.notranslate").length,
  drawn: document.querySelectorAll(".math.notranslate > mjx-container").length,
  failed: [...document.querySelectorAll("mjx-merror, [data-mjx-error]")].map(e => e.textContent),
  glyphs: [...document.querySelectorAll("mjx-container")].filter(e => e.offsetParent && !e.offsetWidth).length,
  missing: performance.getEntriesByType("resource").filter(e => e.responseStatus >= 400).map(e => e.name),
  blank: [...document.images].filter(i => !(i.complete && i.naturalWidth)).map(i => i.src),
  theme: document.documentElement.dataset.theme })"""


def test_every_page_draws_its_formulas_and_figures(visit, root, name):
    seen = visit(root, name).evaluate(LOOK)
    assert seen["formulas"] == seen["drawn"]
    assert (seen["failed"], seen["glyphs"], seen["blank"], seen["missing"]) == ([], 0, [], [])
    assert seen["theme"] == "light"


def test_formulas_stand_in_their_own_letters(visit, root):
    page = visit(root, "chapters/notation.html")
    fonts = page.evaluate("[...document.fonts].filter(f => f.family.startsWith('MJX')).map(f => f.status)")
    assert fonts.count("loaded") >= 3  # upright, italic and at least one of the others
    assert "error" not in fonts
    assert page.locator("mjx-container").count() > 20


def test_search_finds_a_page_by_a_word_in_it(visit, root):
    page = visit(root, "search.html?q=valley")
    page.locator("#search-results .search li").first.wait_for()
    assert page.locator("#search-results .search li a[href*='loss-landscapes']").count() >= 1
    dialog = visit(root, "intro.html")
    dialog.keyboard.press("Control+k")
    dialog.keyboard.type("minimum norm")
    dialog.keyboard.press("Enter")
    dialog.wait_for_url("**/search.html?q=minimum*")
    dialog.locator("#search-results .search li a[href*='minimum-norm']").first.wait_for()


def test_no_page_names_a_script_or_picture_of_another_host():
    site = page_rules.Site(FOLDER)
    assert (FOLDER / "_static" / "vendored").is_dir(), "the scripts were not vendored: no npm registry was in reach"
    assert list(page_rules.external_requests(site)) == []
