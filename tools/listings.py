"""The page that lists every figure and every theorem: ``{listing} figures``, ``statements`` or ``explorers``.

The lists are made from the pages themselves when all of them have been read, so nothing in them can be out of date.
``tools.check_site`` compares them with the built pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tools import chapters

SENTENCE_END = re.compile(r"[.!?](?=\s+[A-Z0-9]|\s*$)")
EXPLORER = re.compile(r'<figure class="lrx[^>]*aria-label="([^"]+)"|<figure aria-label="([^"]+)" class="lrx')
THUMBNAILS, WIDTH = "_images/thumbnails", 320


class listing(nodes.General, nodes.Element):
    """Stands for a list until all pages have been read."""


class Listing(SphinxDirective):
    """Puts a list of the whole book's figures, statements or explorers here."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Leave a mark; the list is written when the page is."""
        return [listing(kind=directives.choice(self.arguments[0], KINDS))]


def first_sentence(node: nodes.Element) -> list[nodes.Node]:
    """Return copies of a caption's parts up to the end of its first sentence; links become plain text."""
    kept: list[nodes.Node] = []
    for child in node.children:
        if isinstance(child, nodes.math):
            kept.append(child.deepcopy())
            continue
        text = child.astext()
        if end := SENTENCE_END.search(text):
            return [*kept, nodes.Text(text[: end.end()])]
        kept.append(nodes.Text(text))
    return kept


def _link(app: Sphinx, page: str, target: str, anchor: str, *parts: nodes.Node) -> nodes.reference:
    uri = app.builder.get_relative_uri(page, target) + (f"#{anchor}" if anchor else "")
    return nodes.reference("", "", *parts, internal=True, refuri=uri)


def _number(app: Sphinx, target: str, kind: str, node: nodes.Element) -> str:
    numbers = app.env.toc_fignumbers.get(target, {}).get(kind, {})
    return ".".join(map(str, next((numbers[name] for name in node["ids"] if name in numbers), ())))


def _thumbnail(app: Sphinx, page: str, image: nodes.image) -> nodes.image:
    """Write a small copy of a figure beside the pages; return the image that shows it on ``page``."""
    source = Path(app.srcdir) / image["uri"]
    small = Path(app.outdir) / THUMBNAILS / source.with_suffix(".png").name
    small.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(source) as picture:
        picture.thumbnail((WIDTH, WIDTH))
        picture.convert("RGB").quantize(64).save(small, optimize=True)
    uri = "../" * page.count("/") + f"{THUMBNAILS}/{small.name}"
    return nodes.image(uri=uri, alt=image["alt"], candidates={"?": uri})


def figures(app: Sphinx, page: str, target: str, doctree: nodes.document) -> Iterator[list[nodes.Node]]:
    """Yield number, small copy and first sentence of each numbered figure of a page."""
    for figure in doctree.findall(nodes.figure):
        number = _number(app, target, "figure", figure)
        image, caption = next(figure.findall(nodes.image), None), next(figure.findall(nodes.caption), None)
        if number and image is not None and caption is not None:
            name, anchor = nodes.strong("", f"Fig. {number}"), figure["ids"][0]
            words = (_link(app, page, target, anchor, name), nodes.Text(" "), *first_sentence(caption))
            yield [_link(app, page, target, anchor, _thumbnail(app, page, image)), nodes.inline("", "", *words)]


def statements(app: Sphinx, page: str, target: str, doctree: nodes.document) -> Iterator[list[nodes.Node]]:
    """Yield kind, number and title of each theorem, lemma, proposition, corollary, definition and remark of a page."""
    for box in doctree.findall(lambda node: isinstance(node, nodes.Element) and "realtype" in node):
        name = f"{box['realtype'].title()} {_number(app, target, box['countertype'], box)}"
        title = nodes.inline("", "", *(child.deepcopy() for child in next(box.findall(nodes.title)).children))
        yield [_link(app, page, target, box["ids"][0], nodes.Text(name)), nodes.Text(" "), *_unwrapped(title)]


def _unwrapped(title: nodes.Element) -> list[nodes.Node]:
    """Return the parts of a title without the brackets that sphinx-proof puts around it."""
    if title.astext().startswith("(") and title.astext().endswith(")"):
        for index, piece in ((0, slice(1, None)), (-1, slice(None, -1))):
            if isinstance(title[index], nodes.Text):
                title[index] = nodes.Text(title[index].astext()[piece])
    return title.children


def explorers(app: Sphinx, page: str, target: str, doctree: nodes.document) -> Iterator[list[nodes.Node]]:
    """Yield the title of each figure with controls, with a link to the section it stands in."""
    for raw in doctree.findall(nodes.raw):
        for found in EXPLORER.findall(raw.astext()):
            section = raw
            while not isinstance(section, nodes.section):
                section = section.parent
            yield [_link(app, page, target, section["ids"][0], nodes.Text("".join(found)))]


Kind = Callable[[Sphinx, str, str, nodes.document], Iterator[list[nodes.Node]]]
KINDS: dict[str, Kind] = {"figures": figures, "statements": statements, "explorers": explorers}


def fill(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Write the lists of a page: for each page of the book its title, and below it what was found there."""
    marks = list(doctree.findall(listing))
    trees = {target: app.env.get_doctree(target) for target in chapters.pages()} if marks else {}  # each read once
    for mark in marks:
        written: list[nodes.Node] = []
        for target, tree in trees.items():
            found = list(KINDS[mark["kind"]](app, page, target, tree))
            if found:
                head = nodes.Text(app.env.titles[target].astext())
                items = [nodes.list_item("", nodes.paragraph("", "", *parts)) for parts in found]
                written.append(nodes.paragraph("", "", _link(app, page, target, "", head), classes=["list-head"]))
                written.append(nodes.bullet_list("", *items, classes=["listing", mark["kind"]]))
        mark.replace_self(written)
        # Sphinx looked for formulas when it read the page: it had none then.
        app.env.get_domain("math").data["has_equations"][page] = True


def register(app: Sphinx) -> None:
    """Register the directive with Sphinx."""
    app.add_node(listing)
    app.add_directive("listing", Listing)
    app.connect("doctree-resolved", fill, priority=400)
