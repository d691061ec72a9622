// A chart of lines and points, drawn at the width that there is, in the colours of the theme.
//
//   const over = chart({ x: { label: "turn in degrees", ticks: [0, 90, 180] }, y: { label: "error", log: true, ticks: [0.01, 0.1, 1] } });
//   over.draw([{ points: [[0, 0.1], [90, 0.2]], colour: "#0072B2", dots: true }]);
//   over.onPick = (series, point) => { ... };   // the nearest point to a mouse or a finger
//
// A series may have: `band` (a list of [x, low, high]), `bars` (the same, as upright lines), `spans` (a list of
// [y, low, high], as level lines), `dash`, `faint`, `dots`, `alone` (dots without a line), `open` (dots that are rings)
// and anything else that its owner wants to find again. `cursor` is an upright line.
// Values below the lowest tick of y are drawn on it. A chart is a picture: say its content in words beside it.

import { element } from "./explorer-parts.mjs";

const MARGIN = { top: 12, right: 22, bottom: 44, left: 56 };

/** Round numbers between two limits: about `count` of them. */
export function roundTicks(low, high, count = 5) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((size) => size >= rough);
  const first = Math.floor(low / step);
  const ticks = [];
  for (let k = first; k * step < high + step - 1e-9; k++) ticks.push(Number((k * step).toPrecision(12)));
  return ticks;
}

/** A small legend entry. */
export function swatch(colour, words, { dash = "", open = false, bare = false } = {}) {
  const line = element("line", { x1: 1, x2: 37, y1: 7, y2: 7, class: "chart-line", style: `--line: ${colour}`, "stroke-dasharray": dash });
  const dot = element("circle", { cx: 19, cy: 7, r: 3.5, class: open ? "chart-ring" : "chart-dot", style: `--line: ${colour}` });
  const key = element("svg", { width: 38, height: 14, viewBox: "0 0 38 14", "aria-hidden": "true" }, line, ...(bare ? [] : [dot]));
  return element("span", { class: "chart-key" }, key, words);
}

export function chart({ x, y, height = 240 }) {
  const svg = element("svg", { class: "chart", role: "img", height });
  const self = { node: element("div", { class: "chart-frame" }, svg), x, y, draw, describe, onPick: null };
  let shown = { series: [], cursor: null };
  let places = [];

  const left = () => self.y.left ?? MARGIN.left;
  const width = () => self.node.clientWidth || 600;
  const scale = (axis, from, to) => {
    const place = (value) => (axis.log ? Math.log10(value) : value);
    const [low, high] = axis.range ?? [axis.ticks[0], axis.ticks.at(-1)];
    return (value) => {
      const inside = Math.min(Math.max(value, Math.min(low, high)), Math.max(low, high));
      return from + ((place(inside) - place(low)) / (place(high) - place(low))) * (to - from);
    };
  };

  function axes(px, py, w) {
    const words = (axis, tick) => (axis.words ? axis.words(tick) : String(tick));
    const parts = [];
    const bottom = height - MARGIN.bottom;
    for (const tick of self.y.ticks) {
      parts.push(
        element("line", { x1: left(), x2: w - MARGIN.right, y1: py(tick), y2: py(tick), class: "chart-grid" }),
        element("text", { x: left() - 6, y: py(tick) + 4, "text-anchor": "end" }, words(self.y, tick)),
      );
    }
    for (const tick of self.x.ticks) {
      parts.push(
        element("line", { x1: px(tick), x2: px(tick), y1: bottom, y2: bottom + 4, class: "chart-tick" }),
        element("text", { x: px(tick), y: bottom + 18, "text-anchor": "middle" }, words(self.x, tick)),
      );
    }
    parts.push(
      element("text", { x: (left() + w - MARGIN.right) / 2, y: height - 6, "text-anchor": "middle" }, self.x.label),
      element("text", { transform: `translate(12 ${(MARGIN.top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, self.y.label),
    );
    return parts;
  }

  function drawn(one, px, py) {
    const look = { style: `--line: ${one.colour}` };
    const faint = one.faint ? " faint" : "";
    const parts = [];
    if (one.band?.length) {
      const edge = (k) => one.band.map((point) => `${px(point[0])},${py(point[k])}`);
      parts.push(element("polygon", { points: [...edge(1), ...edge(2).reverse()].join(" "), class: "chart-band", ...look }));
    }
    for (const [at, low, high] of one.bars ?? []) {
      parts.push(element("line", { x1: px(at), x2: px(at), y1: py(low), y2: py(high), class: "chart-line", ...look }));
    }
    for (const [at, low, high] of one.spans ?? []) {
      parts.push(element("line", { x1: px(low), x2: px(high), y1: py(at), y2: py(at), class: "chart-line", ...look }));
    }
    if (one.points.length > 1 && !one.alone) {
      const points = one.points.map(([a, b]) => `${px(a)},${py(b)}`).join(" ");
      parts.push(element("polyline", { points, class: `chart-line${faint}`, "stroke-dasharray": one.dash ?? "", ...look }));
    }
    if (one.dots || one.alone || one.points.length === 1) {
      for (const [a, b] of one.points) {
        parts.push(element("circle", { cx: px(a), cy: py(b), r: one.radius ?? 3.5, class: one.open ? "chart-ring" : "chart-dot", ...look }));
      }
    }
    return parts;
  }

  function draw(series = shown.series, cursor = null) {
    shown = { series, cursor };
    const w = width();
    const px = scale(self.x, left(), w - MARGIN.right);
    const py = scale(self.y, height - MARGIN.bottom, MARGIN.top);
    svg.setAttribute("viewBox", `0 0 ${w} ${height}`);
    svg.setAttribute("width", w);
    const at = cursor === null ? [] : [element("line", { x1: px(cursor), x2: px(cursor), y1: MARGIN.top, y2: height - MARGIN.bottom, class: "chart-cursor" })];
    svg.replaceChildren(...axes(px, py, w), ...at, ...series.flatMap((one) => drawn(one, px, py)));
    places = series.flatMap((one) => one.points.map((point) => ({ one, point, at: [px(point[0]), py(point[1])] })));
  }

  function describe(words) {
    svg.setAttribute("aria-label", words);
  }

  function pick(event) {
    if (!self.onPick || !places.length) return;
    const box = svg.getBoundingClientRect();
    const far = ({ at }) => Math.hypot(at[0] - (event.clientX - box.left), at[1] - (event.clientY - box.top));
    const nearest = places.reduce((best, place) => (far(place) < far(best) ? place : best));
    self.onPick(nearest.one, nearest.point, event.type);
  }
  svg.addEventListener("pointermove", pick);
  svg.addEventListener("pointerdown", pick);
  new ResizeObserver(() => { if (Math.abs(width() - Number(svg.getAttribute("width"))) > 1) draw(shown.series, shown.cursor); }).observe(self.node);
  return self;
}
