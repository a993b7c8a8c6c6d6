"""What a site without a network still does: its own letters, its own search, from a server and from the disk."""

from tests.site.conftest import FOLDER


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


def test_the_scripts_of_pages_are_in_the_site():
    """With that folder there, ``tools.check_site`` let no page of this build name a script of another host."""
    assert (FOLDER / "_static" / "vendored").is_dir(), "the scripts were not vendored: no npm registry was in reach"


def test_a_button_copies_the_bibtex_to_the_clipboard(visit, desktop, served):
    desktop.grant_permissions(["clipboard-read", "clipboard-write"], origin=served)
    page = visit(served, "chapters/bibliography.html")
    for block in page.locator(".highlight-bibtex").all():
        block.hover()
        block.locator("button.copybtn").click()
        block.locator("button.copybtn.success").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("@")
        assert copied.strip() == block.locator("pre").inner_text().strip()
    assert page.locator(".highlight-bibtex").count() == 2  # the book and the paper
