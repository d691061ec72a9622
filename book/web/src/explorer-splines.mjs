// Turns by splines of order 5, as course_lib.evaluation.spline_rotate computes them with scipy.ndimage.rotate.
//
//   const turned = splineRotate(grid, 64, 30);   // a square grid, row by row from above; counter-clockwise

const POLES = [
  Math.sqrt(67.5 - Math.sqrt(4436.25)) + Math.sqrt(26.25) - 6.5,
  Math.sqrt(67.5 + Math.sqrt(4436.25)) - Math.sqrt(26.25) - 6.5,
];
const TAPS = 6;

/** In place: spline coefficients of a line of numbers, mirrored at both ends. */
function filterLine(line) {
  const n = line.length;
  const gain = POLES.reduce((product, z) => product * (1 - z) * (1 - 1 / z), 1);
  for (let k = 0; k < n; k++) line[k] *= gain;
  for (const z of POLES) {
    const far = z ** (n - 1);
    let [power, first] = [z, line[0] + far * line[n - 1]];
    for (let k = 1; k < n - 1; k++) {
      first += power * (line[k] + far * line[n - 1 - k]);
      power *= z;
    }
    line[0] = first / (1 - far * far);
    for (let k = 1; k < n; k++) line[k] += z * line[k - 1];
    line[n - 1] = ((z * line[n - 2] + line[n - 1]) * z) / (z * z - 1);
    for (let k = n - 2; k >= 0; k--) line[k] = z * (line[k + 1] - line[k]);
  }
}

/** Spline coefficients of a square grid. */
export function coefficients(grid, size) {
  const found = Float64Array.from(grid);
  const line = new Float64Array(size);
  for (const [step, jump] of [[1, size], [size, 1]]) {
    for (let row = 0; row < size; row++) {
      for (let k = 0; k < size; k++) line[k] = found[row * jump + k * step];
      filterLine(line);
      for (let k = 0; k < size; k++) found[row * jump + k * step] = line[k];
    }
  }
  return found;
}

/** Values of the six B-splines of order 5 that reach a point, which lies a fraction t behind the third. */
function weights(t, found) {
  for (let k = 0; k < TAPS; k++) {
    const d = Math.abs(t + 2 - k);
    const square = d * d;
    if (d < 1) found[k] = 11 / 20 - square / 2 + (square * square) / 4 - (square * square * d) / 12;
    else if (d < 2) found[k] = 17 / 40 + (5 * d) / 8 - (7 * square) / 4 + (5 * square * d) / 4 - (3 * square * square) / 8 + (square * square * d) / 24;
    else found[k] = d < 3 ? (3 - d) ** 5 / 120 : 0;
  }
}

/** Turn a square grid about its centre, counter-clockwise as displayed; what comes from outside the frame is 0. */
export function splineRotate(grid, size, angleDeg) {
  const spline = coefficients(grid, size);
  const exact = (x) => (Math.abs(x - Math.round(x)) < 1e-15 ? Math.round(x) : x); // quarter turns
  const [cos, sin] = [Math.cos, Math.sin].map((f) => exact(f((angleDeg * Math.PI) / 180)));
  const [centre, last] = [(size - 1) / 2, size - 1];
  const mirrored = (k) => last - Math.abs(last - Math.abs(k));
  const [down, along] = [new Float64Array(TAPS), new Float64Array(TAPS)];
  const turned = new Float64Array(size * size);
  for (let pixel = 0; pixel < turned.length; pixel++) {
    const [right, below] = [(pixel % size) - centre, Math.floor(pixel / size) - centre];
    const y = cos * below + sin * right + centre;
    const x = cos * right - sin * below + centre;
    if (y < 0 || y > last || x < 0 || x > last) continue;
    const [top, left] = [Math.floor(y), Math.floor(x)];
    weights(y - top, down);
    weights(x - left, along);
    for (let j = 0; j < TAPS; j++) {
      const row = mirrored(top - 2 + j) * size;
      let line = 0;
      for (let k = 0; k < TAPS; k++) line += along[k] * spline[row + mirrored(left - 2 + k)];
      turned[pixel] += down[j] * line;
    }
  }
  return turned;
}
