// The late-decay playground. compute and read are the twins of lrdecay_core/explorers/late_decay.py.

import { chart, plain } from "./chart.js";
import { explorer } from "./frame.js";
import { drawKeeper, run, unpack } from "./sgd.js";
import { slowCurve, trusted } from "./slow.js";

// Returns values -> state: three runs that differ in their decay step alone, and what theory expects at their end.
export function computer(data) {
  const problem = unpack(data.problem), N = data.num_steps, even = [];
  for (let k = 0; k <= data.readings; k++) even.push(Math.round((k * N) / data.readings));
  const drawn = drawKeeper(data.keys, N, problem.n);
  let others = { of: null };
  return ({ decay_step: T, rate, decayed, noise, seed, batch_size: B = data.batch_size, scale = 0 }) => {
    const slow = data.slow[scale], mixing = slow.mixings.length > 1 ? (problem.n - B) / (B * (problem.n - 1)) : null;
    const one = (decayStep, record) => run(problem, drawn(seed, B),
      { rate, decayed, decayStep, noise, batchSize: B, initScale: data.init_scales[scale], record });
    const of = [rate, decayed, noise, seed, B, scale].join();
    if (others.of !== of) others = { of, early: one(data.early, even), never: one(N, even) }; // T moves most
    const record = [...new Set([...even, T])].sort((a, b) => a - b);
    const mine = one(T, record), { early, never } = others;
    const drift = (noise * noise) / B;
    const depth = (step) => drift * (rate * rate * step + decayed * decayed * (N - step));
    const [loss, norm, hot] = ["test_loss", "norm_squared", "fluctuation"].map((name) => slowCurve(slow, name, rate, mixing));
    const sure = trusted(slow, rate, mixing);
    const valid = (step) => decayed * (N - step) >= data.settled && drift > 0;
    const end = (step) => (valid(step) ? loss(depth(step)) + decayed * drift * hot(depth(step)) : NaN);
    return {
      T, mine, early, never, earlyStep: data.early, minimum: data.minimum,
      expected: record.map(end),
      trusted: record.map((step) => sure(depth(step))),
      expectedHere: end(T),
      expectedNorm: valid(T) ? norm(depth(T)) : NaN,
      reason: whyNot({ slow, settled: data.settled }, { noise, rate }, depth(T), decayed * (N - T)),
    };
  };
}

function whyNot({ slow, settled }, { noise, rate }, depth, timeLeft) {
  if (!noise) return "without label noise nothing carries the run along the valley";
  if (timeLeft < settled) return "fewer than 1/η′ steps are left to settle";
  if (depth > slow.depths[slow.depths.length - 1]) return "the run has gone deeper than theory was tabulated";
  return rate > slow.rates[slow.rates.length - 1] ? "the first-order correction is too large at this rate" : "";
}

const last = (values) => values[values.length - 1];

export function read(s) {
  if (s.mine.diverged !== null) {
    return `This run diverged at step ${plain(s.mine.diverged)}: its training loss is no longer finite. Lower a rate.`;
  }
  const doubt = s.trusted[s.mine.steps.indexOf(s.T)] ? "" : ", a rough guess, since its correction exceeds a tenth";
  const theory = s.reason ? `No prediction: ${s.reason}` : `Theory expects ${plain(s.expectedHere)}${doubt}`;
  return `Decay at step ${plain(s.T)}: testing loss ${plain(last(s.mine.test))} at the end, against `
    + `${plain(last(s.early.test))} for decay at step ${plain(s.earlyStep)}. Training loss ${plain(last(s.mine.train))} `
    + `against ${plain(last(s.early.train))}. Squared norm ${plain(last(s.mine.norm))}, minimum ${plain(s.minimum)}. ${theory}.`;
}

function draw(panels, s, N) {
  const step = { label: "step", min: 0, max: N }, lowest = Math.min(...[...s.mine.train, ...s.mine.test, ...s.early.train].filter((v) => v > 0), 1e-2);
  const loss = { label: "", min: Math.max(1e-9, 10 ** Math.floor(Math.log10(lowest))), max: 5, log: true };
  const leastNorm = Math.min(s.minimum, ...[s.mine, s.early, s.never].flatMap((found) => found.norm).filter((v) => v > 0));
  const three = (name, more) => [["never thin", s.never], ["early", s.early], ["late thick", s.mine]]
    .map(([as, found]) => ({ x: found.steps, y: found[name], as: `${as} ${more}` }));
  const gone = s.mine.diverged;
  const at = gone === null
    ? { x: s.T, as: "late", name: `T = ${plain(s.T)}` }
    : { x: gone, as: "early", name: `diverged at step ${plain(gone)}` };
  const end = (found, as) => ({ x: N, y: last(found.test), as });
  return [
    chart(panels[0], { title: "Training loss", x: step, y: loss, lines: three("train", "train"), rules: [at],
      alt: `Training loss against the step, at the end ${plain(last(s.mine.train))}` }),
    chart(panels[1], { title: "Testing loss", x: step, y: loss, lines: three("test", ""), rules: [at],
      dots: [{ x: N, y: s.expectedHere, as: "ink", r: 4 }],
      alt: `Testing loss against the step, at the end ${plain(last(s.mine.test))}` }),
    chart(panels[2], { title: "Squared norm ‖θ‖²", x: step, lines: three("norm", ""),
      y: { label: "", min: leastNorm * 0.8, max: 50, log: true },
      rules: [at, { y: s.minimum, as: "good", name: `minimum ${plain(s.minimum)}` }],
      dots: [{ x: N, y: s.expectedNorm, as: "ink", r: 4 }],
      alt: `Squared norm against the step, at the end ${plain(last(s.mine.norm))}, minimum ${plain(s.minimum)}` }),
    chart(panels[3], { title: "Testing loss at the end, against T", x: { ...step, label: "decay step T" }, y: loss,
      lines: [{ x: s.mine.steps, y: s.expected, as: "ink dotted faint" },
        { x: s.mine.steps, y: s.expected.map((v, k) => (s.trusted[k] ? v : NaN)), as: "ink dotted" }], rules: [at],
      dots: [{ ...end(s.early, "early"), x: s.earlyStep }, { ...end(s.mine, "late"), x: s.T }],
      alt: `Testing loss at the end against the decay step: ${plain(last(s.mine.test))} at ${plain(s.T)}` }),
  ];
}

export function mount(root, spec, data) {
  explorer(root, spec, {
    panels: 4,
    legend: [{ as: "late thick", name: "your decay" }, { as: "early", name: `decay at step ${plain(data.early)}` },
      { as: "never", name: "never decays" }, { as: "ink dotted", name: "theory, and its end point" }],
    compute: computer(data),
    draw: (panels, state) => draw(panels, state, data.num_steps),
    read,
    drag: { on: [0, 1, 2, 3], control: "decay_step" },
  });
}
