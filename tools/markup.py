"""Repairs of markup that audits of accessibility reject, made where Sphinx writes it.

Each names the defect it removes; those of the theme's own templates are in ``_templates``, of its styles in
``_static/book.css``.
"""

from __future__ import annotations

import html
from pathlib import Path

from docutils import nodes
from PIL import Image
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

WIDE = 900  # pixels of a picture
REPEATED_IDS = frozenset({"proof-content", "exercise-content", "solution-content"})
SIGNATURE = {
    "<dl>\n": '<span class="sig-lines">\n',
    "<dd>": '<span class="sig-line">',
    "</dd>\n": "</span>\n",
    "</dl>\n\n": "</span>\n",
}


def drop_repeated_ids(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Drop ids that sphinx-proof and sphinx-exercise give to every box: on a page an id names one element."""
    for node in doctree.findall(nodes.section):
        node["ids"] = [name for name in node["ids"] if name not in REPEATED_IDS]


def drop_empty_heads(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Drop table heads without a word in them: Markdown has no table without a head."""
    for head in list(doctree.findall(nodes.thead)):
        if not head.astext().strip():
            head.parent.remove(head)


def open_entry(self: HTML5Translator, node: nodes.entry) -> None:
    """Open a table cell; an empty corner of a head heads nothing, so it is no heading.

    A cell of a body carries the head of its column, which a narrow screen shows beside it.
    """
    start, group = len(self.body), node.parent.parent
    HTML5Translator.visit_entry(self, node)
    if isinstance(group, nodes.thead) and not node.astext().strip():
        self.body[start] = self.body[start].replace("<th", "<td", 1)
        self.context[-1] = "</td>\n"
    head = group.parent.next_node(nodes.thead)
    if isinstance(group, nodes.tbody) and head is not None and node.astext().strip():
        label = head[0][node.parent.index(node)].astext().strip()
        self.body[start] = self.body[start].replace("<td", f'<td data-label="{html.escape(label)}"', 1)


def link_pictures(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Make each figure a link to its picture, which may be larger: Sphinx does so where a width is given.

    The pictures whose words a phone would make too small are marked as wide.
    """
    for figure in doctree.findall(nodes.figure):
        for image in figure.findall(nodes.image):
            image["width"] = "100%"
            with Image.open(Path(app.srcdir) / image["uri"]) as picture:
                image["classes"] += ["wide"] * (picture.width >= WIDE)


def open_citation(self: HTML5Translator, node: nodes.citation) -> None:
    """Open a bibliography entry; docutils calls it a list item, and puts it into a list that its parts do not fit."""
    if not isinstance(node.previous_sibling(), nodes.citation):
        self.body.append('<div class="citation-list">\n')
    self.body.append(self.starttag(node, "div", classes=["citation"]))


def open_parameters(self: HTML5Translator, node: addnodes.desc_parameterlist) -> None:
    """Open a signature; one of several lines is written as a list of descriptions that describe nothing."""
    node["start"] = len(self.body)
    HTML5Translator.visit_desc_parameterlist(self, node)


def close_parameters(self: HTML5Translator, node: addnodes.desc_parameterlist) -> None:
    """Close a signature, and make of its lines what they are: lines."""
    HTML5Translator.depart_desc_parameterlist(self, node)
    if node.get("multi_line_parameter_list"):
        start = node["start"]
        self.body[start:] = [SIGNATURE.get(piece, piece) for piece in self.body[start:]]


def register(app: Sphinx) -> None:
    """Register the repairs with Sphinx."""
    app.connect("doctree-resolved", drop_repeated_ids)
    app.connect("doctree-resolved", drop_empty_heads)
    app.connect("doctree-resolved", link_pictures)
    app.add_node(nodes.entry, override=True, html=(open_entry, HTML5Translator.depart_entry))
    app.add_node(nodes.citation, override=True, html=(open_citation, HTML5Translator.depart_citation))
    app.add_node(addnodes.desc_parameterlist, override=True, html=(open_parameters, close_parameters))
