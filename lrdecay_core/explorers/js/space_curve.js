// The curve in space: lines and dots under a parallel projection. computer and read are the twins of space_curve.py.

import { chart, escapeText, path, plain } from "./chart.js";
import { explorer } from "./frame.js";

export const computer = (data) => ({ step, turn, tilt }) => {
  let k = 0;
  data.steps.forEach((s, i) => { if (Math.abs(s - step) < Math.abs(data.steps[k] - step)) k = i; });
  return { k, turn, tilt, step: data.steps[k], position: data.positions[k] };
};

export const read = (s) => `A decay at step ${plain(s.step)} lands at position ${plain(s.position)} of the curve, where 0 is `
  + `a star: training loss 0, test loss ${plain(2 * s.position ** 2)}.`;

// Returns w -> [right, up, towards the viewer], for a viewer at azimuth `turn` and elevation `tilt`, degrees.
export function projection(turn, tilt) {
  const [a, e] = [turn, tilt].map((angle) => (angle * Math.PI) / 180);
  const [ca, sa, ce, se] = [Math.cos(a), Math.sin(a), Math.cos(e), Math.sin(e)];
  return ([x, y, z]) => [ca * y - sa * x, ce * z - se * (ca * x + sa * y), se * z + ce * (ca * x + sa * y)];
}

const HEIGHT = 320, CENTRE = [0.7, 0, 0], REACH = 1.6; // the loop fits into a ball of this radius around the centre

function space(host, data, s) {
  const width = host.clientWidth;
  if (!width) return null;
  const look = projection(s.turn, s.tilt), scale = Math.min(width, HEIGHT) / 2 / REACH;
  const at = (w) => {
    const [right, up, near] = look(w.map((v, j) => v - CENTRE[j]));
    return [width / 2 + scale * right, HEIGHT / 2 - scale * up, near];
  };
  const line = (points, as) => {
    const flat = points.map(at);
    return `<path class="lrx-line ${as}" d="${path(flat.map((f) => f[0]), flat.map((f) => f[1]), (v) => v, (v) => v)}"/>`;
  };
  const dot = (w, as, r) => { const [x, y] = at(w); return `<circle class="lrx-dot ${as}" cx="${x}" cy="${y}" r="${r}"/>`; };
  const star = (w) => {
    const [x, y] = at(w), tips = Array.from({ length: 10 }, (_, i) => {
      const [r, angle] = [i % 2 ? 4.5 : 11, (Math.PI * i) / 5];
      return `${(x + r * Math.sin(angle)).toFixed(1)},${(y - r * Math.cos(angle)).toFixed(1)}`;
    });
    return `<polygon class="lrx-dot good" points="${tips.join(" ")}"/>`;
  };
  const axis = (j) => {
    const tip = CENTRE.map((c, i) => (i === j ? c + 1.5 : c)), [x, y] = at(tip);
    return `${line([CENTRE, tip], "never thin faint")}<text x="${x}" y="${y}" text-anchor="middle">w${"₁₂₃"[j]}</text>`;
  };
  // What is far away is thin, so that the loop reads as a loop; the near half is drawn last.
  const pieces = data.loop.slice(1).map((w, i) => ({ near: at(w)[2], svg: (as) => line([data.loop[i], w], as) }));
  const far = pieces.filter((p) => p.near < 0).map((p) => p.svg("ink"));
  const near = pieces.filter((p) => p.near >= 0).map((p) => p.svg("ink thicker"));
  const run = data.weights.slice(0, s.k + 1), here = data.weights[s.k], end = data.landings[s.k];
  host.innerHTML = `<svg role="img" aria-label="${escapeText(`The curve of minima from azimuth ${s.turn} and elevation ${s.tilt} degrees. ${read(s)}`)}"
    width="${width}" height="${HEIGHT}" viewBox="0 0 ${width} ${HEIGHT}">${[0, 1, 2].map(axis).join("")}${far.join("")}
    ${line(run, "never thin")}${near.join("")}${data.stars.map(star).join("")}${line([here, end], "late thick")}
    ${dot(here, "never", 4)}${dot(end, "late", 7)}</svg>`;
  return null;
}

export function mount(root, spec, data) {
  const loss = data.positions.map((t) => 2 * t * t);
  explorer(root, spec, {
    panels: 2,
    legend: [{ as: "ink thicker", name: "training minima" }, { as: "good", dot: true, name: "test minima" },
      { as: "never", name: "SGD" }, { as: "late", dot: true, name: "where a decay lands" }],
    compute: computer(data),
    read,
    draw: (panels, s) => [
      space(panels[0], data, s),
      chart(panels[1], { title: "Test loss after decay at T", height: HEIGHT, x: { label: "decay step T", min: 0, max: data.steps.at(-1) },
        y: { label: "", min: Math.min(...loss) / 2, max: Math.max(...loss) * 2, log: true }, alt: `Test loss after decay. ${read(s)}`,
        lines: [{ x: data.steps, y: loss, as: "ink" }], rules: [{ x: s.step, as: "late" }],
        dots: [{ x: s.step, y: 2 * s.position ** 2, as: "late", r: 6 }] }),
    ],
    drag: { on: [1], control: "step" },
    turn: { on: 0, across: "turn", down: "tilt" },
  });
}
