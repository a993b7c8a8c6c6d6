"""How the browser tests find, drive and read an explorer on a page."""

NAMES = ("late_decay", "collapse", "planner", "budget", "space_curve", "spectra", "two_landscapes")
STATE = """figure => ({
  words: figure.querySelector('.lrx-reading').textContent,
  drawing: figure.querySelector('.lrx-panels').innerHTML,
  problem: figure.querySelector('.lrx-message').textContent })"""
# Contrasts of texts below 4.5 and of lines and dots below 3, against what is behind the panels.
FAINT = """() => {
  const light = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const behind = (e) => { const c = getComputedStyle(e).backgroundColor;
    return c === 'rgba(0, 0, 0, 0)' ? behind(e.parentElement) : c; };
  const back = light(behind(document.querySelector('.lrx-panel')));
  const ratio = (c) => { const l = light(c); return (Math.max(l, back) + .05) / (Math.min(l, back) + .05); };
  const text = [...document.querySelectorAll('.lrx :is(label, p, span, text, figcaption, button)')]
    .map(e => ratio(getComputedStyle(e).color)).filter(r => r < 4.5);
  const line = [...document.querySelectorAll('.lrx :is(.lrx-line, .lrx-dot, .lrx-rule)')]
    .map(e => ratio(getComputedStyle(e).color)).filter(r => r < 3);
  return [...text, ...line];
}"""
NEXT_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"


def figure(page, name):
    """Return an explorer on the page by its name, drawn; ``copy`` is the second playground."""
    found = page.locator("figure.lrx").nth((*NAMES, "copy").index(name))
    found.locator("[data-drawn]").wait_for()
    return found


def state(found):
    """Return what a figure says and shows once it has answered."""
    found.page.evaluate(NEXT_FRAMES)
    return found.evaluate(STATE)


def sliders(found):
    """Return the sliders of a figure in order."""
    return [found.locator("input[type=range]").nth(k) for k in range(found.locator("input[type=range]").count())]
