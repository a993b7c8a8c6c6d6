// The planner of a budget. computer and read are the twins of lrdecay_core/explorers/budget.py.

import { chart, plain } from "./chart.js";
import { explorer } from "./frame.js";
import { between, slowCurve, trusted } from "./slow.js";

// A family's schedule as [length in steps, rate as a share] of each piece of constant rate.
function pieces({ pieces: [warmth, tail], final }, name, T, E) {
  const warm = name === "warmup" ? Math.min(E / 20, T) : 0, found = [];
  for (let k = 0; k < warmth; k++) found.push([warm / warmth, (k + 0.5) / warmth]);
  found.push([T - warm, 1]);
  for (let k = 0; k < tail; k++) {
    const at = (k + 0.5) / tail;
    const down = { step: 1, cosine: (1 - Math.cos(Math.PI * at)) / 2 }[name] ?? at;
    found.push([(E - T) / tail, 1 + (final - 1) * down]);
  }
  return found;
}

export const computer = (data) => (values) => {
  const { slow, num_samples: n, shares } = data, { budget: E, rate, batch_size: B, noise } = values;
  const drift = (noise * noise) / B, mixing = (n - B) / (B * (n - 1)), last = slow.depths[slow.depths.length - 1];
  const one = (T) => {
    const parts = pieces(data, data.families[values.family], T, E);
    const sum = (power) => parts.reduce((s, [length, share]) => s + length * (rate * share) ** power, 0);
    const squares = sum(2), eta = sum(3) / squares, depth = drift * squares;
    const at = Math.min(last, depth + slowCurve(slow, "shift", eta, mixing)(depth));
    if (!Number.isFinite(at)) return { loss: NaN, sure: false, parts };
    const [gamma, reach] = [data.relaxation, data.reach].map((table) => between(slow.depths, at, table).map(Math.exp));
    const hot = gamma.reduce((total, g, i) => total + reach[i]
      * parts.reduce((theta, [length, share]) => rate * share + (theta - rate * share) * Math.exp(-g * rate * share * length), 0), 0);
    return { loss: slowCurve(slow, "test_loss", eta, mixing)(depth) + (drift / 2) * hot, sure: trusted(slow, eta, mixing)(depth), parts };
  };
  const steps = shares.map((share) => share * E), found = steps.map(one), predicted = found.map((f) => f.loss);
  const least = Math.min(...predicted), plan = predicted.some((v) => !Number.isFinite(v)) ? null : predicted.indexOf(least);
  const near = steps.filter((_, k) => predicted[k] <= (1 + data.slack) * least);
  return {
    values, steps, predicted, plan, half: data.half, name: data.families[values.family],
    ends: [near[0], near[near.length - 1]], trusted: found.map((f) => f.sure), parts: found.map((f) => f.parts),
  };
};

export function read(s) {
  const head = `Family ${s.name}, ${plain(s.values.budget)} steps`;
  if (s.plan === null) return `${head}: no plan. These runs go deeper than theory was tabulated; lower the rate or the noise.`;
  const sure = s.trusted[s.plan] ? "" : " A rough guess: its first-order correction exceeds a tenth.";
  return `${head}: decay at step ${plain(s.steps[s.plan])}, or anywhere from ${plain(s.ends[0])} to ${plain(s.ends[1])}. Theory expects a `
    + `test loss of ${plain(s.predicted[s.plan])} at the end, against ${plain(s.predicted[s.half])} for a decay at half.${sure}`;
}

// The line of a schedule: both ends of every piece that has a length.
export function shape(parts, rate) {
  const x = [], y = [];
  let end = 0;
  for (const [length, share] of parts.filter(([l]) => l > 0)) {
    x.push(end, end + length);
    y.push(rate * share, rate * share);
    end += length;
  }
  return { x, y };
}

function draw(panels, s) {
  const { budget: E, rate } = s.values, shown = s.predicted.filter(Number.isFinite), planned = s.plan !== null;
  const x = { label: "decay step T", min: 0, max: E }, low = Math.min(...shown, 1);
  return [
    chart(panels[0], { title: "Test loss at the end", height: 300, x, alt: `Test loss at the end against the decay step. ${read(s)}`,
      y: { label: "", min: 10 ** Math.floor(Math.log10(low)), max: 10 ** Math.ceil(Math.log10(Math.max(...shown, low * 1.1))), log: true },
      lines: [{ x: s.steps, y: s.predicted, as: "ink thick" }],
      rules: planned ? [{ x: s.ends[0], as: "late" }, { x: s.ends[1], as: "late" }] : [],
      dots: [{ x: s.steps[s.half], y: s.predicted[s.half], as: "never", r: 6 },
        ...(planned ? [{ x: s.steps[s.plan], y: s.predicted[s.plan], as: "late", r: 6 }] : [])] }),
    chart(panels[1], { title: "Learning rate", height: 300, x: { ...x, label: "step" }, y: { label: "", min: 0, max: rate * 1.1 },
      alt: planned ? `Learning rate against the step: large until ${plain(s.steps[s.plan])}` : "Learning rate against the step, decay at half",
      lines: [{ ...shape(s.parts[s.half], rate), as: "never" }, ...(planned ? [{ ...shape(s.parts[s.plan], rate), as: "late thick" }] : [])] }),
  ];
}

export function mount(root, spec, data) {
  explorer(root, spec, {
    panels: 2,
    legend: [{ as: "ink", name: "theory" }, { as: "late", dot: true, name: "plan; dotted: its range" }, { as: "never", dot: true, name: "decay at half" }],
    compute: computer(data),
    read,
    draw,
  });
}
