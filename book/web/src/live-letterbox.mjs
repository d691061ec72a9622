// Any picture into a square, as course_lib.data.pictures.letterbox does it: the same factor in both directions, black
// beside it, and a triangle filter as wide as the step. Integers as in Pillow, so the bytes are the same.

const PRECISION = 22; // bits behind the point
const STRIP = 64; // rows read at once, so that a large picture needs little memory

/** For each of `size` places: the first source of n, and the weights from there on. */
function taps(low, high, n, size) {
  const scale = (high - low) / size;
  const reach = Math.max(scale, 1);
  return Array.from({ length: size }, (_, place) => {
    const centre = low + (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(n, Math.trunc(centre + reach + 0.5));
    const weights = [];
    for (let k = first; k < end; k++) weights.push(Math.max(0, 1 - Math.abs((k - centre + 0.5) / reach)));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((w) => Math.trunc(0.5 + (w / sum) * 2 ** PRECISION)) };
  });
}

const rounded = (sum) => Math.min(255, Math.max(0, sum >> PRECISION));

/** Grey as Pillow makes it from colours. */
const grey = (r, g, b) => (19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16;

/** One row of pixels made `size` long: `get(x)` gives the value at x, `shift` black pixels stand before it. */
function across(get, width, shift, along, target, start) {
  along.forEach(({ first, weights }, place) => {
    let sum = 1 << (PRECISION - 1);
    for (let k = 0; k < weights.length; k++) {
      const x = first + k - shift;
      if (x >= 0 && x < width) sum += weights[k] * get(x);
    }
    target[start + place] = rounded(sum);
  });
}

/** A decoded picture (ImageBitmap) as `channels` planes (3: colours, 1: grey) of size x size bytes. */
export function letterbox(bitmap, size, channels) {
  const { width, height } = bitmap;
  const side = Math.max(width, height);
  const [left, top] = [width, height].map((length) => Math.ceil((side - length) / 2));
  const [x, y] = [left + (width - side) / 2, top + (height - side) / 2];
  const along = taps(x, x + side, Math.max(left + width, Math.ceil(x + side)), size);
  const downwards = taps(y, y + side, Math.max(top + height, Math.ceil(y + side)), size);
  const rows = Array.from({ length: channels }, () => new Uint8Array(height * size));
  const strip = Object.assign(document.createElement("canvas"), { width, height: Math.min(STRIP, height) });
  const brush = strip.getContext("2d", { willReadFrequently: true });
  for (let from = 0; from < height; from += STRIP) {
    brush.clearRect(0, 0, width, STRIP);
    brush.drawImage(bitmap, 0, -from);
    const seen = brush.getImageData(0, 0, width, Math.min(STRIP, height - from)).data;
    for (let row = 0; row * width * 4 < seen.length; row++) {
      const at = (place, channel) => seen[4 * (row * width + place) + channel];
      rows.forEach((plane, channel) => {
        const get = channels === 3 ? (p) => at(p, channel) : (p) => grey(at(p, 0), at(p, 1), at(p, 2));
        across(get, width, left, along, plane, (from + row) * size);
      });
    }
  }
  const found = new Uint8Array(channels * size * size);
  rows.forEach((plane, channel) => {
    for (let column = 0; column < size; column++) {
      downwards.forEach(({ first, weights }, place) => {
        let sum = 1 << (PRECISION - 1);
        for (let k = 0; k < weights.length; k++) {
          const source = first + k - top;
          if (source >= 0 && source < height) sum += weights[k] * plane[source * size + column];
        }
        found[channel * size * size + place * size + column] = rounded(sum);
      });
    }
  });
  return found;
}
