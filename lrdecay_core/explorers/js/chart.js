// Line charts as SVG text: two axes, lines, dots and rules. Colours come from classes (style.js), so both themes,
// print and a change of theme need no redraw.

export const escapeText = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const MARGIN = { left: 50, right: 16, top: 24, bottom: 36 };

// Returns a number as people write it: 0.0012, 350, 1.2e-7.
export function plain(value) {
  if (value === null || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return value.toExponential(1);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

// Returns a number short enough for an axis: 10k, 2M.
function short(value) {
  const [unit, letter] = value >= 1e6 ? [1e6, "M"] : value >= 1e4 ? [1e3, "k"] : [1, ""];
  return value < 1e9 ? plain(value / unit) + letter : plain(value);
}

// Returns the map from values of an axis {min, max, log} to [0, 1], and back.
export function scaleOf({ min, max, log }) {
  const [a, b] = log ? [Math.log(min), Math.log(max)] : [min, max];
  return {
    to: (value) => ((log ? Math.log(value) : value) - a) / (b - a),
    from: (share) => (log ? Math.exp(a + share * (b - a)) : a + share * (b - a)),
  };
}

// Returns the values to label: round steps, or powers of ten with 2 and 5 between them where there are few.
export function ticks({ min, max, log }, room) {
  if (log) {
    const decades = Math.log10(max / min), every = Math.max(1, Math.ceil(decades / room));
    const between = decades * 3 <= room + 1 ? [1, 2, 5] : [1];
    const found = [];
    for (let e = Math.floor(Math.log10(min)); e <= Math.log10(max) + 1e-9; e += 1) {
      if (((e % every) + every) % every === 0) found.push(...between.map((k) => Number(`${k}e${e}`)));
    }
    return found.filter((v) => v >= min * (1 - 1e-9) && v <= max * (1 + 1e-9));
  }
  const rough = (max - min) / room, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= rough * (1 - 1e-9));
  const found = [];
  for (let k = Math.ceil(min / step - 1e-9); k * step <= max + 1e-9 * step; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}

// Returns path data; what is missing or off the chart's values (NaN, 0 on a log axis) breaks the line.
export function path(xs, ys, sx, sy) {
  let text = "", pen = "M";
  for (let i = 0; i < xs.length; i++) {
    const x = sx(xs[i]), y = sy(ys[i]);
    if (Number.isFinite(x) && Number.isFinite(y)) {
      text += `${pen}${Math.round(10 * x) / 10} ${Math.round(10 * y) / 10}`;
      pen = "L";
    } else pen = "M";
  }
  return text;
}

// Draws into an element as wide as it is:
// {title, alt, height, x: {label, min, max, log}, y, lines: [{x, y, as}], dots: [{x, y, as, r}], rules: [{x | y, as, name}]}.
// `as` is a class of style.js. Off-scale dots sit on the edge as an open mark, off-scale lines are cut.
export function chart(host, { title, alt, height = 230, x, y, lines = [], dots = [], rules = [] }) {
  const width = host.clientWidth;
  if (!width) return null; // in a closed section: drawn when it opens
  const inner = { w: width - MARGIN.left - MARGIN.right, h: height - MARGIN.top - MARGIN.bottom };
  const [ux, uy] = [scaleOf(x), scaleOf(y)];
  const sx = (v) => MARGIN.left + inner.w * ux.to(v);
  const sy = (v) => MARGIN.top + inner.h * Math.min(50, Math.max(-50, 1 - uy.to(v)));
  let svg = `<svg role="img" aria-label="${escapeText(alt)}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`;
  svg += `<text class="lrx-title" x="0" y="13">${escapeText(title)}</text>`;
  for (const v of ticks(x, Math.max(2, Math.floor(inner.w / 70)))) {
    svg += `<path class="lrx-grid" d="M${sx(v)} ${MARGIN.top}v${inner.h}"/>`;
    const edge = width - sx(v) < 20;
    svg += `<text x="${edge ? width - 1 : sx(v)}" y="${height - 21}" text-anchor="${edge ? "end" : "middle"}">${short(v)}</text>`;
  }
  for (const v of ticks(y, Math.max(2, Math.floor(inner.h / 38)))) {
    svg += `<path class="lrx-grid" d="M${MARGIN.left} ${sy(v)}h${inner.w}"/>`;
    svg += `<text x="${MARGIN.left - 5}" y="${sy(v) + 4}" text-anchor="end">${short(v)}</text>`;
  }
  svg += `<text x="${MARGIN.left + inner.w / 2}" y="${height - 4}" text-anchor="middle">${escapeText(x.label)}</text>`;
  const shown = rules.filter((r) => Number.isFinite(r.x === undefined ? sy(r.y) : sx(r.x)));
  const box = `${MARGIN.left} ${MARGIN.top} ${inner.w} ${inner.h}`, [bx, by] = box.split(" ");
  svg += `<svg x="${bx}" y="${by}" width="${inner.w}" height="${inner.h}" viewBox="${box}">`; // cuts what runs out of it
  for (const rule of shown) {
    const at = rule.x === undefined ? `M${MARGIN.left} ${sy(rule.y)}h${inner.w}` : `M${sx(rule.x)} ${MARGIN.top}v${inner.h}`;
    svg += `<path class="lrx-rule ${rule.as}" d="${at}"/>`;
  }
  for (const line of lines) svg += `<path class="lrx-line ${line.as}" d="${path(line.x, line.y, sx, sy)}"/>`;
  svg += "</svg>";
  for (const rule of shown.filter((r) => r.name)) svg += nameOf(rule, sx, sy, inner);
  for (const dot of dots) {
    const [px, raw] = [sx(dot.x), sy(dot.y)];
    if (!Number.isFinite(px) || !Number.isFinite(raw)) continue;
    const py = Math.min(MARGIN.top + inner.h, Math.max(MARGIN.top, raw));
    svg += `<circle class="lrx-dot ${dot.as}${py === raw ? "" : " lrx-open"}" cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="${dot.r || 5}"/>`;
  }
  host.innerHTML = `${svg}</svg>`;
  return { valueAt: (clientX) => ux.from((clientX - host.getBoundingClientRect().left - MARGIN.left) / inner.w) };
}

function nameOf(rule, sx, sy, inner) {
  const right = rule.x !== undefined && sx(rule.x) > MARGIN.left + inner.w / 2;
  const [px, py, anchor] = rule.x === undefined
    ? [MARGIN.left + 4, sy(rule.y) - 4, "start"]
    : [sx(rule.x) + (right ? -4 : 4), MARGIN.top + 11, right ? "end" : "start"];
  return `<text class="lrx-name" x="${px}" y="${py}" text-anchor="${anchor}">${escapeText(rule.name)}</text>`;
}
