// Pictures of numbers: one canvas pixel a number, enlarged by the style sheet without smoothing.
//
//   const map = panel("0°");                    // map.node is shown, with its title
//   map.kernel(values, size, limit);            // diverging colours, white is 0; rows from above; NaN stays empty
//   map.image(values, size);                    // grey, 0 to 1
//   map.describe("The map of 0 degrees: ...");  // for readers who do not see it
//
// The colours are those of the printed figures (RdBu of matplotlib) in light and in dark mode, so the numbers look
// the same; frame and title take the theme's variables.

import { element } from "./explorer-parts.mjs";

const STOPS = [
  [5, 48, 97], [33, 102, 172], [67, 147, 195], [146, 197, 222], [209, 229, 240], [247, 247, 247],
  [253, 219, 199], [244, 165, 130], [214, 96, 77], [178, 24, 43], [103, 0, 31],
];

/** Colour of a number between -limit (blue) and limit (red). */
export function diverging(value, limit) {
  const place = (Math.min(1, Math.max(-1, value / (limit || 1))) + 1) * 5;
  const low = Math.min(9, Math.floor(place));
  return STOPS[low].map((c, k) => c + (place - low) * (STOPS[low + 1][k] - c));
}

function paint(canvas, values, width, colour) {
  const height = values.length / width;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const picture = new ImageData(width, height);
  values.forEach((value, k) => picture.data.set(Number.isNaN(value) ? [0, 0, 0, 0] : [...colour(value), 255], 4 * k));
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

/** A canvas with a title below. */
export function panel(title = "") {
  const canvas = element("canvas", { class: "demo-canvas", role: "img", "aria-label": title || "picture", width: 1, height: 1 });
  const name = element("span", { class: "demo-title" }, title);
  const node = element("div", { class: "demo-panel" }, canvas, name);
  return {
    node,
    canvas,
    kernel: (values, width, limit) => paint(canvas, values, width, (value) => diverging(value, limit)),
    image: (values, width) => paint(canvas, values, width, (value) => Array(3).fill(255 * Math.min(1, Math.max(0, value)))),
    title: (words) => { name.textContent = words; },
    describe: (words) => canvas.setAttribute("aria-label", words),
  };
}

/** Panels side by side; as many in a row as fit. */
export function row(label, ...panels) {
  return element("div", { class: "demo-panels", role: "group", "aria-label": label }, ...panels.map((one) => one.node));
}
