// The tabulated slow flow, the twin of lrdecay_core/explorers/slow_table.py.

export function between(axis, value, table) {
  let k = 0;
  while (k < axis.length - 2 && axis[k + 1] < value) k += 1;
  const share = (value - axis[k]) / (axis[k + 1] - axis[k]);
  const blend = (low, high) => (Array.isArray(low)
    ? low.map((v, j) => blend(v, high[j]))
    : (1 - share) * low + share * high);
  return blend(table[k], table[k + 1]);
}

// Returns a function depth -> value ("test_loss", "norm_squared", "fluctuation" or "shift"), NaN outside the table.
export function slowCurve(table, name, rate, mixing = null) {
  const { depths, rates, mixings } = table;
  if (rate > rates[rates.length - 1]) return () => NaN;
  const row = between(rates, rate, mixing === null ? table[name][0] : between(mixings, mixing, table[name]));
  return (depth) => {
    if (!(depth <= depths[depths.length - 1])) return NaN;
    const value = between(depths, depth, row);
    return name === "shift" ? value : Math.exp(value);
  };
}

// Returns depth -> whether the first-order correction is small enough to rely on.
export function trusted(table, rate, mixing = null) {
  const shift = slowCurve(table, "shift", rate, mixing);
  return (depth) => Math.abs(shift(depth)) <= table.share * Math.max(depth, 1);
}
