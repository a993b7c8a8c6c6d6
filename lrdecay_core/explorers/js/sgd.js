// SGD on the nonlinear model, the recursion of lrdecay_core/model/kernels.py:
//   g = X_B^T (r_B - xi) / B,   p <- p (1 - eta g),   m <- m (1 + eta g),   beta = p^2 - m^2.

import { draws } from "./random.js";

// Turns the embedded problem {X: rows, y, truth} into flat arrays.
export function unpack(problem) {
  const n = problem.X.length, d = problem.X[0].length;
  return { n, d, X: Float64Array.from(problem.X.flat()), y: problem.y, truth: problem.truth };
}

// Losses and squared norm of the weights p, m, as model.Path records them.
export function measure({ n, d, X, y, truth }, p, m) {
  let train = 0, test = 0, norm = 0;
  const beta = new Float64Array(d);
  for (let j = 0; j < d; j++) {
    beta[j] = p[j] * p[j] - m[j] * m[j];
    test += (beta[j] - truth[j]) ** 2;
    norm += p[j] * p[j] + m[j] * m[j];
  }
  for (let i = 0; i < n; i++) {
    let r = -y[i];
    for (let j = 0; j < d; j++) r += X[i * d + j] * beta[j];
    train += r * r;
  }
  return { train: train / (2 * n), test: test / 2, norm: 2 * norm };
}

// Makes steps begin to end - 1 in place.
function advance({ d, X, y }, p, m, drawn, begin, end, rate, noise, B) {
  const step = new Float64Array(d), beta = new Float64Array(d), share = rate / B, loud = share * noise;
  for (let k = begin; k < end; k++) {
    step.fill(0);
    for (let j = 0; j < d; j++) beta[j] = p[j] * p[j] - m[j] * m[j];
    for (let b = k * B; b < (k + 1) * B; b++) {
      const at = drawn.index[b] * d;
      let f = -y[drawn.index[b]];
      for (let j = 0; j < d; j++) f += X[at + j] * beta[j];
      f = share * f - loud * drawn.sign[b];
      for (let j = 0; j < d; j++) step[j] += f * X[at + j];
    }
    for (let j = 0; j < d; j++) { p[j] -= p[j] * step[j]; m[j] += m[j] * step[j]; }
  }
}

// Runs one seed and records at the given increasing steps. A run that diverges is recorded as NaN from then on, with
// the first step whose training loss is not finite.
export function run(problem, drawn, { rate, decayed, decayStep, noise, batchSize, initScale, record }) {
  const p = new Float64Array(problem.d).fill(initScale), m = p.slice();
  const found = { steps: record, train: [], test: [], norm: [], diverged: null };
  const stops = [...new Set([...record, decayStep])].sort((a, b) => a - b);
  const wanted = new Set(record), last = record[record.length - 1];
  let here = 0;
  for (const stop of stops.filter((s) => s <= last)) {
    const before = [p.slice(), m.slice()];
    const eta = here < decayStep ? rate : decayed;
    advance(problem, p, m, drawn, here, stop, eta, noise, batchSize);
    let now = measure(problem, p, m);
    if (!Number.isFinite(now.train) && found.diverged === null) {
      found.diverged = here;
      p.set(before[0]); m.set(before[1]);
      do {
        advance(problem, p, m, drawn, found.diverged, found.diverged + 1, eta, noise, batchSize);
        found.diverged += 1;
      } while (Number.isFinite(measure(problem, p, m).train));
    }
    if (found.diverged !== null) { p.fill(NaN); m.fill(NaN); now = { train: NaN, test: NaN, norm: NaN }; }
    if (wanted.has(stop)) for (const name of ["train", "test", "norm"]) found[name].push(now[name]);
    here = stop;
  }
  return found;
}

// Draws are costly beside a step, and most moves keep seed and batch size: keep those of the last few.
export function drawKeeper(keys, numSteps, numSamples) {
  const kept = new Map();
  return (seed, batchSize) => {
    const of = `${seed},${batchSize}`;
    if (!kept.has(of)) {
      if (kept.size > 4) kept.delete(kept.keys().next().value);
      kept.set(of, draws(keys[seed], numSteps, numSamples, batchSize));
    }
    return kept.get(of);
  };
}
