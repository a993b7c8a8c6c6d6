"""axe-core on an open page, and which texts stand for all when it looks at contrast.

Contrast takes four fifths of an audit, and its verdict depends only on colours, opacity, size and weight. Of texts
that share these with all that is behind them, a handful is enough. The weekly tier looks at every text.
"""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe

EACH = 8  # some may lie under something, be cut off or too short to judge; the more, the surer one is not
MARK = """(most) => {
  const numbers = new Map(), chains = new Map(), alike = new Map();
  const chain = (e) => {  // what is behind a text, as a number: layers that change nothing are left out
    if (!e) return 0;
    if (!chains.has(e)) {
      const s = getComputedStyle(e), clear = s.backgroundColor === "rgba(0, 0, 0, 0)" && s.backgroundImage === "none";
      const back = clear ? "" : s.backgroundColor + s.backgroundImage;
      const layer = [s.opacity, s.mixBlendMode, s.filter, s.position, back].join();
      const below = chain(e.parentElement), key = `${below}|${layer}`;
      if (!numbers.has(key)) numbers.set(key, numbers.size + 1);
      chains.set(e, layer === "1,normal,none,static," ? below : numbers.get(key));
    }
    return chains.get(e);
  };
  const written = (e) => e.matches("input, select, textarea") ? e.value || e.placeholder || "x"
    : [...e.childNodes].filter(n => n.nodeType === Node.TEXT_NODE).map(n => n.data.trim()).join("");
  document.querySelectorAll("[data-audited]").forEach(e => e.removeAttribute("data-audited"));
  for (const e of document.body.querySelectorAll("*")) {
    const box = e.getBoundingClientRect();
    if (!written(e) || !e.checkVisibility({ visibilityProperty: true }) || box.width < 2 || box.height < 2) continue;
    const s = getComputedStyle(e), short = written(e).length < 2;
    const key = [chain(e), s.color, s.fontSize, s.fontWeight, s.textShadow, short].join();
    if (!alike.has(key)) alike.set(key, []);
    alike.get(key).push(e);
  }
  for (const all of alike.values()) {
    const step = Math.max(1, all.length / most);
    for (let k = 0; k < all.length; k += step) all[Math.floor(k)].setAttribute("data-audited", "");
  }
}"""


def violations(page: Any, context: Any = None, **options: Any) -> list[str]:
    """Return what axe finds. Its preload looks in wrong folders; of rules that hold, their names are enough."""
    options = {"preload": False, "resultTypes": ["violations"], **options}
    found = Axe().run(page, context=context, options=options).response["violations"]
    nodes = [(v["id"], node) for v in found for node in v["nodes"]]
    nodes = [(rule, node) for rule, node in nodes if not (rule == "empty-table-header" and _spoken(page, node))]
    return [f"{rule} ({node['impact']}): {node['target']} {node['html'][:160]}" for rule, node in nodes]


def faint(page: Any, *, every: bool = False) -> list[str]:
    """Return the texts too faint to read, looking at every text or at some of each kind."""
    page.evaluate(MARK, EACH)
    return violations(page, None if every else "[data-audited]", runOnly=["color-contrast"])


def other_faults(page: Any) -> list[str]:
    """Return what the rules find that do not look at contrast."""
    return violations(page, rules={"color-contrast": {"enabled": False}})


def darken(page: Any) -> None:
    """Do what the theme's own button does; no colour is left on its way from one to the other."""
    page.add_style_tag(content="* { transition: none !important }")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")


def _spoken(page: Any, node: Any) -> bool:
    """Whether a heading that axe takes for empty is a formula: axe does not read the MathML that screen readers do."""
    return bool(page.locator(node["target"][0]).locator("mjx-assistive-mml math").first.text_content(timeout=1000))
