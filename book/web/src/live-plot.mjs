// Curves over the angle of a turn, with a line at the present angle.
//
//   const plot = curves({ label: "agreement", series: { p4: { title: "p4", colour: "#0072b2", dash: "6 4" } } });
//   plot.draw({ p4: [[0, 1], [15, 0.8]] }, 30);
//   swatch({ colour, dash });                    // a piece of the line, for the legend

import { element } from "./explorer-parts.mjs";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BELOW] = [360, 170, 30, 15, 10, 34];
const across = (angle) => LEFT + ((WIDTH - LEFT - RIGHT) * angle) / 360;
const up = (value) => TOP + (HEIGHT - TOP - BELOW) * (1 - value);
const text = (x, y, anchor, words) => element("text", { x, y, "text-anchor": anchor }, words);

/** A short piece of a curve. */
export function swatch({ colour, dash }) {
  const line = element("line", { x1: 1, x2: 27, y1: 5, y2: 5, style: `stroke: ${colour}`, "stroke-dasharray": dash });
  return element("svg", { class: "live-swatch", viewBox: "0 0 28 10", "aria-hidden": "true" }, line);
}

function frame(label) {
  const parts = [0, 0.5, 1].flatMap((value) => [
    element("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: up(value), y2: up(value) }),
    text(LEFT - 5, up(value) + 4, "end", String(value)),
  ]);
  for (let angle = 0; angle <= 360; angle += 90) parts.push(text(across(angle), HEIGHT - 18, "middle", `${angle}°`));
  parts.push(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 3, "middle", `turn; upwards: ${label}`));
  return element("g", {}, ...parts);
}

/** A plot of values from 0 to 1 over the angle. */
export function curves({ label, series }) {
  const lines = Object.entries(series).map(([name, { colour, dash }]) => {
    const line = element("polyline", { fill: "none", style: `stroke: ${colour}`, "stroke-dasharray": dash });
    return [name, line];
  });
  const now = element("line", { class: "now", y1: TOP - 4, y2: HEIGHT - BELOW });
  const node = element(
    "svg",
    { class: "live-plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" },
    frame(label),
    now,
    ...lines.map(([, line]) => line),
  );

  function draw(found, angle) {
    const words = [];
    for (const [name, line] of lines) {
      const points = found[name] ?? [];
      line.setAttribute("points", points.map(([a, v]) => `${across(a).toFixed(1)},${up(v).toFixed(1)}`).join(" "));
      const values = points.map(([, v]) => v);
      const [low, high] = [Math.min(...values), Math.max(...values)].map((v) => v.toFixed(2));
      if (values.length) words.push(`${series[name].title} from ${low} to ${high}`);
    }
    now.setAttribute("x1", across(angle));
    now.setAttribute("x2", across(angle));
    node.setAttribute("aria-label", `${label} over the angle: ${words.join("; ") || "no values yet"}.`);
  }
  return { node, draw };
}
