// The decay planner. computer and read are the twins of lrdecay_core/explorers/planner.py.

import { chart, plain } from "./chart.js";
import { explorer } from "./frame.js";
import { slowCurve } from "./slow.js";

// Depth at which a curve first falls to the target, on the line in its logarithm: 0 if at once, NaN if never.
function crossing(depths, loss, target) {
  const k = loss.findIndex((v) => v <= target);
  if (k <= 0) return k < 0 ? NaN : 0;
  return depths[k - 1] + (Math.log(loss[k - 1] / target) / Math.log(loss[k - 1] / loss[k])) * (depths[k] - depths[k - 1]);
}

export const computer = ({ slow, num_samples: n }) => (values) => {
  const { rate, batch_size: B, noise, target } = values, mixing = (n - B) / (B * (n - 1));
  const at = (eta, order) => {
    const curve = slow.depths.map(slowCurve(slow, "test_loss", order, mixing));
    return { curve, time: (B / (noise * eta) ** 2) * crossing(slow.depths, curve, target) };
  };
  const [leading, first] = [at(rate, 0), at(rate, rate)];
  const rates = Array.from({ length: 30 }, (_, k) => 0.005 * (slow.rates[slow.rates.length - 1] / 0.005) ** (k / 29));
  return {
    values,
    steps: slow.depths.map((depth) => (B / (noise * rate) ** 2) * depth),
    curves: [leading.curve, first.curve],
    leading: leading.time,
    first: first.time,
    correction: 1 - first.time / leading.time,
    share: slow.share,
    rates,
    waits: rates.map((eta) => [at(eta, 0).time, at(eta, eta).time]),
  };
};

export function read(s) {
  const target = plain(s.values.target);
  if (s.first === 0) return `No need to wait: a decay at once leads to a test loss below ${target}.`;
  if (!Number.isFinite(s.first)) return `No decay within the tabulated times leads to a test loss of ${target}.`;
  const inside = Math.abs(s.correction) <= s.share ? "inside" : "outside";
  return `Decay after ${plain(s.first)} steps to reach a test loss of ${target}. The first order changes the leading order, `
    + `${plain(s.leading)} steps, by ${plain(100 * Math.abs(s.correction))} %: ${inside} the range where the expansion is `
    + `trusted, up to ${plain(100 * s.share)} %.`;
}

export function mount(root, spec, data) {
  const steps = { min: 10, max: 1e6, log: true }, top = data.slow.rates[data.slow.rates.length - 1];
  explorer(root, spec, {
    panels: 2,
    legend: [{ as: "ink", name: "first order: the plan" }, { as: "never dotted", name: "leading order" },
      { as: "late", dot: true, name: "your setting" }],
    compute: computer(data),
    read,
    draw: (panels, s) => [
      chart(panels[0], { title: "Test loss after decay", height: 300, x: { ...steps, label: "decay step T" },
        y: { label: "", min: 5e-4, max: 1, log: true }, alt: `Test loss after decay against the decay step. ${read(s)}`,
        lines: [{ x: s.steps, y: s.curves[0], as: "never dotted" }, { x: s.steps, y: s.curves[1], as: "ink thick" }],
        rules: [{ y: s.values.target, as: "late", name: `target ${plain(s.values.target)}` }, { x: s.first, as: "late" }],
        dots: [{ x: s.first, y: s.values.target, as: "late", r: 6 }] }),
      chart(panels[1], { title: "When to decay", height: 300, y: { ...steps, label: "" },
        x: { label: "learning rate η", min: 0.005, max: top, log: true }, alt: `Time to decay against the learning rate, here ${plain(s.first)} steps`,
        lines: [{ x: s.rates, y: s.waits.map((w) => w[0]), as: "never dotted" }, { x: s.rates, y: s.waits.map((w) => w[1]), as: "ink thick" }],
        dots: [{ x: s.values.rate, y: s.first, as: "late", r: 6 }] }),
    ],
    drag: { on: [1], control: "rate" },
  });
}
