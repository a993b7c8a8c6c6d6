// Two contour maps with one cross-hair. computer and read are the twins of two_landscapes.py; the contours are its too.

import { escapeText, path, plain } from "./chart.js";
import { explorer } from "./frame.js";

// Returns 10 to the value at shares of the way across and up a grid of logarithms, linear between its nodes.
export function valueOf(grid, across, up) {
  const node = (share, count) => {
    const k = Math.min(count - 2, Math.floor(share * (count - 1)));
    return [k, share * (count - 1) - k];
  };
  const [[i, u], [j, v]] = [node(across, grid.length), node(up, grid[0].length)];
  const corners = [grid[i][j], grid[i + 1][j], grid[i][j + 1], grid[i + 1][j + 1]];
  if (corners.includes(null)) return NaN;
  const [low, high] = [(1 - u) * corners[0] + u * corners[1], (1 - u) * corners[2] + u * corners[3]];
  return 10 ** ((1 - v) * low + v * high);
}

export const computer = (data) => ({ decay, moment, across, up }) => ({
  data,
  arm: data.decays.indexOf(decay),
  moment: moment === undefined ? null : data.moments.indexOf(moment),
  across: across / 100,
  up: up / 100,
  under: { train: valueOf(data.values.train, across / 100, up / 100), test: valueOf(data.values.test, across / 100, up / 100) },
});

export function read(s) {
  const { unit, decays, losses, apart, moments, trunk_off: off } = s.data, k = s.arm;
  let told = `Decay at ${unit} ${plain(decays[k])}: training loss ${plain(losses.train[k])}, testing loss `
    + `${plain(losses.test[k])}, ${plain(apart[k])} from the test minimum.`;
  if (k) told += ` Decay at ${unit} ${plain(decays[0])}: ${plain(losses.train[0])}, ${plain(losses.test[0])} and ${plain(apart[0])}.`;
  if (s.moment !== null) told += ` At ${unit} ${plain(moments[s.moment])} the trunk is ${plain(off[s.moment])} off this plane.`;
  return `${told} At the cross-hair: training loss ${plain(s.under.train)}, testing ${plain(s.under.test)}.`;
}

// Light is low; the same in both themes, so marks on a map keep their colours too.
const SHADES = ["#ffffd9", "#f4fbc0", "#e2f4b2", "#c7e9b4", "#a1dab8", "#76cabc", "#50bcc1", "#35a7c2", "#2290c0", "#2072b2",
  "#2456a4", "#253b97", "#1c2d80", "#111f60"];
const ENDS = ["#d55e00", "#eba800", "#00aa5a", "#0072b2"];
const TOP = 24, FOOT = 44, TALLEST = 330;

const shade = (k, count) => SHADES[Math.round((k * (SHADES.length - 1)) / count)];

// Colour of an end: early vermilion to late blue, on a log scale.
function endColour(k, decays) {
  const [a, b, t] = [decays[0], decays.at(-1), decays[k]].map(Math.log1p);
  return ENDS[Math.round(((t - a) / (b - a)) * (ENDS.length - 1))];
}

function map(host, name, title, s) {
  const width = host.clientWidth, { data } = s, count = data.levels.length;
  if (!width) return null;
  const scale = Math.min(width / data.width, TALLEST / data.height);
  const [w, h] = [scale * data.width, scale * data.height];
  const left = (width - w) / 2, sx = (v) => left + w * v, sy = (v) => TOP + h * (1 - v);
  const bands = data.levels.map((_, k) => count - 1 - k)
    .map((k) => `<path fill="${shade(k, count)}" d="${data.paths[name][k]}"/>`).join("");
  const word = ([x, y], text) => {
    const half = 4 * text.length; // of its width, and a little more
    return `<text class="lrx-on-map" x="${Math.min(width - half, Math.max(half, sx(x)))}" y="${Math.max(TOP + 11, sy(y) - 13)}" text-anchor="middle">${text}</text>`;
  };
  const ring = (at, as, r) => `<circle class="lrx-mark ${as}" cx="${sx(at[0])}" cy="${sy(at[1])}" r="${r}"/>`;
  const seen = s.moment === null ? [] : data.trunk.slice(0, s.moment + 1);
  const line = (points) => path(points.map((p) => p[0]), points.map((p) => p[1]), sx, sy);
  const star = Array.from({ length: 10 }, (_, i) => {
    const [r, angle] = [i % 2 ? 4 : 10, (Math.PI * i) / 5];
    return `${(sx(data.star[0]) + r * Math.sin(angle)).toFixed(1)},${(sy(data.star[1]) - r * Math.cos(angle)).toFixed(1)}`;
  }).join(" ");
  const foot = TOP + h + 10, bar = Math.min(180, width * 0.5), from = (width - bar) / 2, cell = bar / (count + 1);
  host.innerHTML = `<svg role="img" aria-label="${escapeText(`${title} on the plane. ${read(s)}`)}" width="${width}" height="${TOP + h + FOOT}"
    viewBox="0 0 ${width} ${TOP + h + FOOT}"><text class="lrx-title" x="0" y="13">${title}: ${plain(s.under[name])} at the cross-hair</text>
    <svg x="${left}" y="${TOP}" width="${w}" height="${h}" viewBox="0 0 ${data.width} ${data.height}" preserveAspectRatio="none">
    <rect width="${data.width}" height="${data.height}" fill="${shade(count, count)}"/><g class="lrx-bands">${bands}</g></svg>
    <svg x="${left}" y="${TOP}" width="${w}" height="${h}" viewBox="${left} ${TOP} ${w} ${h}">
    <path class="lrx-halo" d="${line(seen)}"/><path class="lrx-thread" d="${line(seen)}"/>
    ${data.ends.map((at, k) => ring(at, "", k === s.arm ? 8 : 5).replace("/>", ` fill="${endColour(k, data.decays)}"/>`)).join("")}
    ${ring(data.ends[s.arm], "lrx-chosen", 12)}<polygon class="lrx-mark" fill="#eba800" points="${star}"/>
    ${s.moment === null ? "" : ring(data.trunk[s.moment], "lrx-now", 5)}
    <path class="lrx-halo" d="M${sx(s.across)} ${TOP}v${h}M${left} ${sy(s.up)}h${w}"/>
    <path class="lrx-hair" d="M${sx(s.across)} ${TOP}v${h}M${left} ${sy(s.up)}h${w}"/>
    </svg>${word(data.ends[0], "early")}${word(data.ends.at(-1), "late")}${word(data.star, `test minimum${data.star[1] > 1 ? " ↑" : ""}`)}
    ${Array.from({ length: count + 1 }, (_, k) => `<rect x="${from + k * cell}" y="${foot}" width="${cell + 0.5}" height="9" fill="${shade(k, count)}"/>`).join("")}
    <text x="${from + cell}" y="${foot + 24}" text-anchor="middle">${plain(data.levels[0])}</text>
    <text x="${from + bar - cell}" y="${foot + 24}" text-anchor="middle">${plain(data.levels.at(-1))}</text>
    <text x="${from + bar / 2}" y="${foot + 24}" text-anchor="middle">loss</text></svg>`;
  return {
    pointAt: (clientX, clientY) => {
      const box = host.getBoundingClientRect(), x = (clientX - box.left - left) / w, y = 1 - (clientY - box.top - TOP) / h;
      return x >= 0 && x <= 1 && y >= 0 && y <= 1 ? [100 * x, 100 * y] : null;
    },
  };
}

export function mount(root, spec, data) {
  explorer(root, spec, {
    panels: 2,
    legend: [],
    compute: computer(data),
    read,
    draw: (panels, s) => [map(panels[0], "train", "Training loss", s), map(panels[1], "test", "Testing loss", s)],
    point: { on: [0, 1], keys: ["across", "up"] },
  });
}
