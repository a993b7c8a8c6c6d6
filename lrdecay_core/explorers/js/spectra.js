// The second model's singular values. computer and read are the twins of lrdecay_core/explorers/spectra.py.

import { chart, plain } from "./chart.js";
import { explorer } from "./frame.js";

export const computer = (data) => ({ decay, arm, problem = 1 }) => {
  const here = data.steps.indexOf(decay), spectrum = data.spectrum[arm][problem - 1][here], truth = data.truth[arm];
  const above = (values) => values.filter((v) => v > data.small).length;
  return {
    decay, here, spectrum, truth, name: data.names[arm], small: data.small, counts: [above(spectrum), above(truth)],
    norm: data.norm_ratio[arm][problem - 1], loss: data.test_loss[arm][problem - 1],
  };
};

export const read = (s) => `Decay at step ${plain(s.decay)}, ${s.name}: squared norm ${plain(s.norm[s.here])} times its minimum, `
  + `test loss ${plain(s.loss[s.here])}. Singular values above ${plain(s.small)}: ${s.counts[0]}, in the hidden matrix ${s.counts[1]}.`;

export function mount(root, spec, data) {
  const top = (values) => 1.05 * Math.max(...values.flat(Infinity)), steps = data.steps, size = data.truth[0].length;
  const T = { label: "decay step T", min: 0, max: steps[steps.length - 1] }, rank = data.truth[0].map((_, k) => k + 1);
  const against = (panel, title, y, ceiling, s) => chart(panel, {
    title, height: 260, x: T, y: { label: "", min: 0, max: ceiling }, alt: `${title} against the decay step, here ${plain(y[s.here])}`,
    lines: [{ x: steps, y, as: "ink" }], rules: [{ x: s.decay, as: "late" }], dots: [{ x: s.decay, y: y[s.here], as: "late", r: 6 }],
  });
  explorer(root, spec, {
    panels: 3,
    legend: [{ as: "late", dot: true, name: "after decay" }, { as: "ink", dot: true, name: "hidden matrix" }],
    compute: computer(data),
    read,
    draw: (panels, s) => [
      chart(panels[0], { title: "Singular values", height: 260, x: { label: "by size", min: 0.5, max: size + 0.5 },
        y: { label: "", min: 0, max: top([data.spectrum, data.truth]) }, alt: `Singular values after decay: ${s.spectrum.map(plain).join(", ")}`,
        lines: [{ x: rank, y: s.spectrum, as: "late" }],
        dots: [...s.truth.map((y, k) => ({ x: rank[k], y, as: "ink", r: 4 })), ...s.spectrum.map((y, k) => ({ x: rank[k], y, as: "late", r: 4 }))] }),
      against(panels[1], "Squared norm over its minimum", s.norm, top(s.norm), s),
      against(panels[2], "Test loss", s.loss, top(s.loss), s),
    ],
  });
}
