// The library's random numbers (lrdecay_core/model/batches.py), on two 32-bit halves: BigInt is twenty times slower.

const GAMMA = [0x9e3779b9, 0x7f4a7c15], FIRST = [0xbf58476d, 0x1ce4e5b9], SECOND = [0x94d049bb, 0x133111eb];

// Upper 32 bits of the product of two unsigned 32-bit numbers; every partial sum stays below 2^32.
function upperProduct(a, b) {
  const ah = a >>> 16, al = a & 0xffff, bh = b >>> 16, bl = b & 0xffff;
  const t = ah * bl + ((al * bl) >>> 16), u = al * bh + (t & 0xffff);
  return (ah * bh + (t >>> 16) + (u >>> 16)) | 0;
}

// Calls visit(number, hi, lo) with SplitMix64 numbers 0 to count - 1 of the stream whose key is 16 hexadecimal digits.
export function stream(key, count, visit) {
  let kh = parseInt(key.slice(0, 8), 16) | 0, kl = parseInt(key.slice(8), 16) | 0;
  for (let j = 0; j < count; j++) {
    const sum = (kl >>> 0) + GAMMA[1];
    kl = sum | 0;
    kh = (kh + GAMMA[0] + (sum > 0xffffffff ? 1 : 0)) | 0;
    let lo = kl ^ ((kl >>> 30) | (kh << 2)), hi = kh ^ (kh >>> 30);
    hi = (upperProduct(lo, FIRST[1]) + Math.imul(lo, FIRST[0]) + Math.imul(hi, FIRST[1])) | 0;
    lo = Math.imul(lo, FIRST[1]);
    lo ^= (lo >>> 27) | (hi << 5);
    hi ^= hi >>> 27;
    hi = (upperProduct(lo, SECOND[1]) + Math.imul(lo, SECOND[0]) + Math.imul(hi, SECOND[1])) | 0;
    lo = Math.imul(lo, SECOND[1]);
    lo ^= (lo >>> 31) | (hi << 1);
    visit(j, (hi ^ (hi >>> 31)) >>> 0, lo >>> 0);
  }
}

// Batches without replacement by Floyd's algorithm, and Rademacher label noise: what one run draws.
export function draws(keys, numSteps, numSamples, batchSize) {
  const index = new Uint16Array(numSteps * batchSize), sign = new Int8Array(numSteps * batchSize);
  stream(keys[0], index.length, (j, hi) => {
    const b = j % batchSize, last = numSamples - batchSize + b;
    let found = Math.floor((hi * (last + 1)) / 4294967296);
    for (let i = j - b; i < j; i++) if (index[i] === found) { found = last; break; }
    index[j] = found;
  });
  stream(keys[1], sign.length, (j, hi) => { sign[j] = hi >>> 31 ? -1 : 1; });
  return { index, sign };
}
