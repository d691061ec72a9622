// A bar chart with few bars, in the theme's colours.
//
//   const chart = bars({ label: "Error of each entry", top: 0.4, unit: "error" });
//   chart.show([{ name: "0°", value: 0.1, on: true }, ...]);   // on: accent, warn: second colour, else quiet
//   chart.describe("Error at 0 degrees 0.1, ...");
//
// chart.node goes into the figure. Values above `top` are cut there.

import { element } from "./explorer-parts.mjs";

const [WIDTH, HEIGHT, LEFT, BELOW] = [320, 130, 42, 22];

export function bars({ label, top, ticks, words = (x) => String(x) }) {
  const plot = element("g");
  const node = element("svg", { class: "demo-bars", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label }, plot);
  const height = (x) => (HEIGHT - BELOW - 8) * Math.min(1, x / top);
  const text = (x, y, anchor, content) => element("text", { x, y, "text-anchor": anchor }, content);

  function show(values) {
    plot.replaceChildren();
    const base = HEIGHT - BELOW;
    for (const tick of ticks) {
      const y = base - height(tick);
      plot.append(element("line", { x1: LEFT, x2: WIDTH, y1: y, y2: y }), text(LEFT - 5, y + 4, "end", words(tick)));
    }
    const step = (WIDTH - LEFT) / values.length;
    const sparse = Math.ceil(30 / step);
    values.forEach(({ name, value, on, warn }, k) => {
      const x = LEFT + k * step;
      const kind = on ? "on" : warn ? "warn" : "";
      const h = Math.max(height(value), 1);
      plot.append(element("rect", { x: x + step * 0.14, width: step * 0.72, y: base - h, height: h, class: kind }));
      if (k % sparse === 0) plot.append(text(x + step / 2, HEIGHT - 6, "middle", name));
    });
  }
  return { node, show, describe: (words_) => node.setAttribute("aria-label", words_) };
}
