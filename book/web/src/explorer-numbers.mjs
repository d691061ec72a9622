// The library's arithmetic on small grids, in double precision: the same sums as course_lib, compared with it in tests.
//
// A grid is an array of numbers, row by row from above. Angles are in degrees, counter-clockwise as displayed.
//
//   const { letter } = await data("lifting");           // book/web/build/data/lifting.json, written by book/tools
//   const turned = rotate(letter, 20, 30);               // course_lib.actions.rotate: bilinear, quarter turns exact
//   const map = correlate(turned, 20, kernel, 3);        // F.conv2d with padding="same"

const files = new Map();

/** A JSON file of the site's data, fetched once. */
export function data(name) {
  if (!files.has(name)) {
    const answer = fetch(new URL(`./data/${name}.json`, import.meta.url));
    files.set(name, answer.then((found) => {
      if (!found.ok) throw new Error(`${name}.json: ${found.status}`);
      return found.json();
    }));
  }
  return files.get(name);
}

/** Numbers from base64 text of little-endian float32. */
export function floats(text) {
  return Array.from(new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer));
}

/** Points R(-angle) p for the pixels p of a square grid: coordinates to the right and up, in pixels. */
export function turnedBack(size, angleDeg) {
  const turns = ((angleDeg % 360) + 360) % 360;
  const rest = ((turns % 90) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(rest), Math.sin(rest)];
  const right = [];
  const up = [];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      let [a, b] = [x - (size - 1) / 2, (size - 1) / 2 - y];
      for (let k = 0; k < Math.floor(turns / 90); k++) [a, b] = [b, -a];
      right.push(snapped(cos * a + sin * b));
      up.push(snapped(cos * b - sin * a));
    }
  }
  return { right, up };
}

const snapped = (x) => Math.round(x * 2 ** 40) / 2 ** 40;

/** A grid turned about its centre; quarter turns move pixels, others interpolate bilinearly, outside is 0. */
export function rotate(grid, size, angleDeg) {
  const { right, up } = turnedBack(size, angleDeg);
  const centre = (size - 1) / 2;
  const at = (y, x) => (y >= 0 && y < size && x >= 0 && x < size ? grid[y * size + x] : 0);
  return right.map((a, k) => {
    const [y, x] = [centre - up[k], centre + a];
    const [top, left] = [Math.floor(y), Math.floor(x)];
    const [down, along] = [y - top, x - left];
    return (
      (1 - down) * ((1 - along) * at(top, left) + along * at(top, left + 1)) +
      down * ((1 - along) * at(top + 1, left) + along * at(top + 1, left + 1))
    );
  });
}

/** Ordinary convolution as torch computes it: a correlation, the frame filled up with zeros. */
export function correlate(grid, size, kernel, kernelSize) {
  const half = (kernelSize - 1) / 2;
  return grid.map((_, k) => {
    const [y, x] = [Math.floor(k / size), k % size];
    let sum = 0;
    for (let v = -half; v <= half; v++) {
      for (let u = -half; u <= half; u++) {
        const inside = y + v >= 0 && y + v < size && x + u >= 0 && x + u < size;
        if (inside) sum += grid[(y + v) * size + x + u] * kernel[(v + half) * kernelSize + u + half];
      }
    }
    return sum;
  });
}

/** Euclidean norm. */
export const norm = (values) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));

/** ‖a − b‖ / ‖b‖. */
export const relative = (a, b) => norm(a.map((x, k) => x - b[k])) / norm(b);

/** Largest absolute value. */
export const largest = (values) => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
