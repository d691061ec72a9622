// Circular harmonics on Gaussian rings, as course_lib.filters computes them.
//
//   const at = polar(turnedBack(7, 30));                  // radius and direction of each pixel
//   const wave = harmonic(at, ring, frequency, sigma);    // { cos, sin }: exp(-(r - ring)^2 / 2 sigma^2) times cos, sin
//
// The centre has no direction: there only frequency 0 is not zero.

export function polar({ right, up }) {
  const radius = right.map((x, k) => Math.hypot(x, up[k]));
  return { radius, angle: right.map((x, k) => Math.atan2(up[k], x)) };
}

export function harmonic({ radius, angle }, ring, frequency, sigma) {
  const height = radius.map((r) => (r === 0 && frequency > 0 ? 0 : Math.exp(-((r - ring) ** 2) / (2 * sigma ** 2))));
  return {
    cos: height.map((h, k) => h * Math.cos(frequency * angle[k])),
    sin: height.map((h, k) => h * Math.sin(frequency * angle[k])),
  };
}
