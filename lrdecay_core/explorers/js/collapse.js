// The exponent on a slider. compute and read are the twins of lrdecay_core/explorers/collapse.py.

import { chart, plain } from "./chart.js";
import { explorer } from "./frame.js";

// How far curves over eta^p T are apart: claims.decay_time.collapse_spread.
export function spread(loss, times, rates, p) {
  const xs = rates.map((rate) => times.map((t) => Math.log(t) + (p - 2) * Math.log(rate)));
  const low = Math.max(...xs.map((x) => x[0])), high = Math.min(...xs.map((x) => x[x.length - 1]));
  let total = 0;
  for (let i = 0; i < 41; i++) {
    const at = low + ((high - low) * i) / 40;
    const dex = xs.map((x, a) => {
      let k = 0;
      while (k < x.length - 2 && x[k + 1] < at) k += 1;
      const share = (at - x[k]) / (x[k + 1] - x[k]);
      return (1 - share) * Math.log10(loss[a][k]) + share * Math.log10(loss[a][k + 1]);
    });
    const mean = dex.reduce((s, v) => s + v, 0) / dex.length;
    total += dex.reduce((s, v) => s + (v - mean) ** 2, 0) / dex.length;
  }
  return Math.sqrt(total / 41);
}

export const computer = (data) => ({ exponent, problem = 1 }) => {
  const loss = data.test_loss[problem - 1], least = Math.min(...data.rates);
  return {
    exponent,
    loss,
    clock: data.rates.map((rate) => data.times.map((t) => (t / rate ** 2) * (rate / least) ** exponent)),
    spread: spread(loss, data.times, data.rates, exponent),
    best: data.best[problem - 1],
    profile: data.profile[problem - 1],
  };
};

export const read = (s) => `On the clock ηᵖT with p = ${plain(s.exponent)} the ${s.loss.length} curves are `
  + `${plain(s.spread)} dex apart, a factor of ${plain(10 ** s.spread)}. Left to themselves they choose p = ${plain(s.best)}.`;

// Apart by colour and by dashes.
const SHADES = ["early", "amber train", "good mixed", "late dotted"];
const shade = (k, count) => SHADES[Math.round((k * (SHADES.length - 1)) / Math.max(1, count - 1))];

export function mount(root, spec, data) {
  const all = data.test_loss.flat(2), least = Math.min(...data.rates), most = Math.max(...data.rates);
  const ends = [1, 3].flatMap((p) => [data.times[0] / least ** 2, data.times.at(-1) / least ** 2,
    (data.times[0] / most ** 2) * (most / least) ** p, (data.times.at(-1) / most ** 2) * (most / least) ** p]);
  const x = { label: `steps of η = ${plain(least)} that count the same`,
    min: Math.min(...ends), max: Math.max(...ends), log: true };
  const y = { label: "", min: Math.min(...all) * 0.8, max: Math.max(...all) * 1.25, log: true };
  const wide = { label: "", min: 0, max: Math.max(...data.profile.flat()) * 1.05 };
  explorer(root, spec, {
    panels: 2,
    legend: data.rates.map((rate, k) => ({ as: shade(k, data.rates.length), name: `η = ${plain(rate)}` })),
    compute: computer(data),
    read,
    draw: (panels, s) => [
      chart(panels[0], { title: "Test loss after decay", height: 300, x, y,
        alt: `Test loss after decay against the clock with p = ${plain(s.exponent)}, a curve for each rate`,
        lines: s.loss.map((loss, k) => ({ x: s.clock[k], y: loss, as: shade(k, s.loss.length) })) }),
      chart(panels[1], { title: "Distance between the curves (dex)", height: 300, y: wide,
        x: { label: "exponent p", min: 1, max: 3 }, alt: `Distance between the curves against p, here ${plain(s.spread)}`,
        lines: [{ x: data.exponents, y: s.profile, as: "ink" }], rules: [{ x: s.exponent, as: "late" }],
        dots: [{ x: s.exponent, y: s.spread, as: "late", r: 6 }] }),
    ],
    drag: { on: [1], control: "exponent" },
  });
}
