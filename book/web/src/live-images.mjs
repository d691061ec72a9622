// Images as the networks get them, with the arithmetic of course_lib: float32 sums, in the library's order.
//
// A picture is a Uint8Array of `channels` planes, each size x size, row by row from above. A mask is a Uint8Array
// of 0 and 1. Angles are in degrees, counter-clockwise as displayed.

import { turnedBack } from "./explorer-numbers.mjs";

const { fround } = Math;
const operators = new Map();

/** The rotation operator of the library: for each pixel up to four sources and their weights, in float32. */
function operator(size, angleDeg) {
  const name = `${size} ${angleDeg}`;
  if (operators.has(name)) return operators.get(name);
  const { right, up } = turnedBack(size, angleDeg);
  const centre = (size - 1) / 2;
  const sources = new Int32Array(4 * size * size).fill(-1);
  const weights = new Float32Array(4 * size * size);
  right.forEach((a, pixel) => {
    const [y, x] = [centre - up[pixel], centre + a];
    const [top, left] = [Math.floor(y), Math.floor(x)];
    const [down, along] = [y - top, x - left];
    for (let k = 0; k < 4; k++) {
      const [v, u] = [top + (k >> 1), left + (k & 1)];
      const weight = (k >> 1 ? down : 1 - down) * (k & 1 ? along : 1 - along);
      if (v < 0 || v >= size || u < 0 || u >= size || weight <= 0) continue;
      sources[4 * pixel + k] = v * size + u;
      weights[4 * pixel + k] = weight;
    }
  });
  if (operators.size > 400) operators.clear();
  operators.set(name, { sources, weights });
  return operators.get(name);
}

/** course_lib.actions.rotate on planes of size x size numbers. */
export function rotate(planes, size, angleDeg) {
  const { sources, weights } = operator(size, angleDeg);
  const area = size * size;
  const turned = new Float32Array(planes.length);
  for (let start = 0; start < planes.length; start += area) {
    for (let pixel = 0; pixel < area; pixel++) {
      let sum = 0;
      for (let k = 4 * pixel; k < 4 * pixel + 4; k++) {
        if (sources[k] >= 0) sum = fround(sum + fround(weights[k] * planes[start + sources[k]]));
      }
      turned[start + pixel] = sum;
    }
  }
  return turned;
}

/** Bytes to numbers in [0, 1]. */
export const unit = (picture) => Float32Array.from(picture, (byte) => byte / 255);

/** course_lib.evaluation.turn_masks. */
export const turnMask = (mask, size, angleDeg) => Uint8Array.from(rotate(mask, size, angleDeg), (x) => x >= 0.5);

/** course_lib.filters.disc_mask. */
export function disc(size) {
  const offset = (k) => k - (size - 1) / 2;
  return Uint8Array.from({ length: size * size }, (_, k) => {
    return offset(k % size) ** 2 + offset(Math.floor(k / size)) ** 2 <= (size / 2) ** 2;
  });
}

/** Dice of two masks inside a region; two empty masks agree. */
export function dice(a, b, region) {
  let [overlap, total] = [0, 0];
  for (let k = 0; k < region.length; k++) {
    if (!region[k]) continue;
    overlap += a[k] & b[k];
    total += a[k] + b[k];
  }
  return total ? (2 * overlap) / total : 1;
}

/** Probabilities from the logits of one image. */
export function softmax(logits) {
  const most = Math.max(...logits);
  const powers = Array.from(logits, (x) => Math.exp(x - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / sum);
}

/** Bytes from base64 text. */
export const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Masks packed eight pixels a byte, the first in the highest place: one array of 0 and 1. */
export function unpack(text) {
  const packed = bytes(text);
  return Uint8Array.from({ length: 8 * packed.length }, (_, k) => (packed[k >> 3] >> (7 - (k & 7))) & 1);
}
