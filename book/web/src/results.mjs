// Explorer of the results: scores of all planned runs in the ledger against the angle, the method and the share of data.
//
// All numbers come from course_lib.results; book/tools/export_results.py writes them to data/results.json. Whatever
// runs there are is shown: none, one seed, or more.

import { chart, roundTicks, swatch } from "./explorer-chart.mjs";
import { data } from "./explorer-numbers.mjs";
import { choice, element, onceAFrame, slider, speaker } from "./explorer-parts.mjs";

const NUMBERS = data("results");
const SCORES = { dice: "Dice", accuracy: "accuracy", auc: "AUC", agreement: "agreement with itself" };
const VIEWS = { angle: "the angle of the image", method: "the method", share: "the share of training images" };
const DASHES = { none: "", "quarter-turns": "7 4", rotations: "9 3 2 3", averaged: "2 3" };
const digits = (x) => x.toFixed(4);
const percent = (share) => `${Number((100 * share).toPrecision(3))} %`;

export async function build(figure) {
  const { sets } = await NUMBERS;
  if (!sets.length) {
    figure.replaceChildren(element("p", { class: "demo-read" }, "The ledger holds no planned run yet, so there is nothing to show."));
    return;
  }
  const named = Object.fromEntries(sets.map((set) => [set.name, set]));
  const hidden = new Set();
  const draw = onceAFrame(show);
  const fits = (name, part) => Object.keys(SCORES).filter((what) => what in named[name].shares[0].methods[0][part]);

  const set = choice({ label: "Data", options: Object.fromEntries(sets.map(({ name }) => [name, name])), value: sets[0].name, onInput: refill });
  const score = choice({ label: "Score", options: SCORES, onInput: draw });
  const view = choice({ label: "Against", options: VIEWS, value: "angle", onInput: refill });
  const angle = slider({ label: "Angle", min: 0, max: 345, step: 15, value: 0, unit: "°", onInput: draw });
  const filter = element("fieldset", { class: "chart-legend" });
  const plot = chart({ x: { label: "", ticks: [0, 1] }, y: { label: "", ticks: [0, 1] } });
  const hover = element("p", { class: "demo-read chart-hover" });
  const note = element("p", { class: "demo-read" });
  const body = element("tbody");
  const head = element("tr");
  const table = element("table", { class: "chart-table" }, element("thead", {}, head), body);
  const voice = speaker();

  function refill() {
    const { shares } = named[set.value];
    const old = score.value;
    score.input.replaceChildren(...fits(set.value, "scores").map((what) => new Option(SCORES[what], what, false, what === old)));
    for (const option of view.input.options) option.hidden = option.disabled = option.value === "share" && shares.length < 2;
    if (view.value === "share" && shares.length < 2) view.value = "angle";
    const [first, second] = shares[0].methods[0].angles;
    Object.assign(angle.input, { step: second - first, max: shares[0].methods[0].angles.at(-1) });
    angle.show();
    angle.node.hidden = view.value !== "angle";
    filter.replaceChildren(element("legend", {}, "Methods"), ...shares[0].methods.map(box));
    draw();
  }

  function box(method) {
    const input = element("input", { type: "checkbox", autocomplete: "off" });
    input.checked = !hidden.has(method.label);
    input.addEventListener("change", () => {
      if (input.checked) hidden.delete(method.label);
      else hidden.add(method.label);
      draw();
    });
    return element("label", {}, input, swatch(method.colour, method.label, { dash: DASHES[method.kind], open: open(method) }));
  }

  const open = (method) => method.kind !== "none" || method.hard;
  const look = (method) => ({ method, colour: method.colour, dash: DASHES[method.kind], open: open(method) });
  const visible = (share) => share.methods.filter((method) => !hidden.has(method.label));
  const limits = (one) => ({ low: one.low, high: one.high, mean: one.mean });

  /** Rows of the table, one for each number that is shown: a method, where, and the number. */
  function rows() {
    const { shares } = named[set.value];
    const what = score.value;
    if (view.value === "angle") {
      return visible(shares[0]).map((method) => {
        const [{ mean, low, high }, k] = [method.curves[what], method.angles.indexOf(angle.value)];
        return { method, at: `${angle.value}°`, mean: mean[k], low: low[k], high: high[k] };
      });
    }
    const chosen = view.value === "share" ? shares : shares.slice(0, 1);
    return chosen.flatMap((share) => visible(share).map((method) => ({ method, at: percent(share.share), share: share.share, ...limits(method.scores[what]) })));
  }

  function fillTable(found) {
    const ends = view.value !== "angle" && named[set.value].bootstrap ? ["from", "to (95 %)"] : ["lowest run", "highest run"];
    const columns = ["method", { angle: "angle", share: "share", method: "images" }[view.value], SCORES[score.value], ...ends, "runs"];
    head.replaceChildren(...columns.map((words) => element("th", { scope: "col" }, words)));
    body.replaceChildren(
      ...found.map(({ method, at, mean, low, high }) => {
        const where = view.value === "method" ? method.images : at;
        const cells = [where, digits(mean), digits(low), digits(high), method.runs].map((words) => element("td", {}, String(words)));
        return element("tr", {}, element("th", { scope: "row" }, method.label), ...cells);
      }),
    );
  }

  function series(found) {
    const what = score.value;
    if (view.value === "angle") {
      return visible(named[set.value].shares[0]).map((method) => {
        const { mean, low, high } = method.curves[what];
        const closed = [...method.angles.map((deg, k) => [deg, k]), [360, 0]];
        const points = closed.map(([deg, k]) => [deg, mean[k]]);
        return { ...look(method), points, band: method.runs > 1 ? closed.map(([deg, k]) => [deg, low[k], high[k]]) : [], radius: 2.5 };
      });
    }
    if (view.value === "method") {
      return found.map(({ method, mean, low, high }, k) => ({ ...look(method), alone: true, radius: 5, points: [[mean, k]], spans: [[k, low, high]] }));
    }
    const labels = [...new Set(found.map(({ method }) => method.label))];
    return labels.map((label) => {
      const own = found.filter(({ method }) => method.label === label).sort((a, b) => a.share - b.share);
      return { ...look(own[0].method), dots: true, points: own.map(({ share, mean }) => [share, mean]), bars: own.map(({ share, low, high }) => [share, low, high]) };
    });
  }

  function axes(found, shown) {
    const values = [...shown.flatMap(({ band = [], bars = [], spans = [] }) => [...band, ...bars, ...spans].flatMap(([, low, high]) => [low, high]))];
    values.push(...shown.flatMap(({ points }) => points.map(([x, y]) => (view.value === "method" ? x : y))));
    const ticks = values.length ? roundTicks(Math.min(...values), Math.max(...values)) : [0, 1];
    const scores = { label: SCORES[score.value], ticks };
    if (view.value === "method") {
      const places = found.map((_, k) => k);
      plot.x = scores;
      plot.y = { label: "", ticks: places, range: [Math.max(found.length - 0.5, 0.5), -0.5], words: (k) => found[k].method.label, left: 158 };
      return;
    }
    const shares = named[set.value].shares.map(({ share }) => share).sort((a, b) => a - b);
    plot.x = view.value === "angle" ? { label: "angle of the image in degrees", ticks: [0, 90, 180, 270, 360] } : { label: VIEWS.share, ticks: shares, log: true, words: percent };
    plot.y = scores;
  }

  function show() {
    const found = rows();
    fillTable(found);
    const shown = series(found);
    axes(found, shown);
    plot.draw(shown, view.value === "angle" ? angle.value : null);
    plot.describe(`${SCORES[score.value]} of ${found.length} values on ${set.value} against ${VIEWS[view.value]}; the table below holds the numbers`);
    const { bootstrap, shares } = named[set.value];
    const [first] = shares[0].methods;
    const images = first.groups === first.images ? `${first.images} test images` : `${first.images} test images in ${first.groups} groups`;
    const runs = shares.flatMap(({ methods }) => methods).reduce((sum, { runs: n, kind }) => sum + (kind === "averaged" ? 0 : n), 0);
    const ends = view.value !== "angle" && bootstrap ? "Lines: 95 % interval, groups of images and runs drawn again." : "Bands and lines: from the lowest to the highest run.";
    note.textContent = `${runs} runs, ${images}. ${ends}`;
    hover.textContent = "Point at the figure to read its values.";
    const sorted = [...found].sort((a, b) => a.mean - b.mean);
    const told = ({ mean, method, at }) => `${digits(mean)}, ${method.label}, ${at}`;
    voice.say(sorted.length ? `${set.value}, ${SCORES[score.value]}, ${sorted.length} rows: from ${told(sorted[0])}, to ${told(sorted.at(-1))}.` : "All methods are left out.");
  }

  plot.onPick = ({ method }, [x, y], kind) => {
    if (view.value === "angle") {
      const k = method.angles.indexOf(x % 360);
      const { mean, low, high } = method.curves[score.value];
      hover.textContent = `${method.label} at ${x % 360}°: ${digits(mean[k])}, runs from ${digits(low[k])} to ${digits(high[k])} (${method.runs}).`;
      if (kind === "pointerdown") {
        angle.value = x % 360;
        draw();
      }
      return;
    }
    const { mean, low, high } = method.scores[score.value];
    if (view.value === "method") hover.textContent = `${method.label}: ${digits(mean)}, from ${digits(low)} to ${digits(high)}; runs: ${method.runs}.`;
    else hover.textContent = `${method.label} with ${percent(x)}: ${digits(y)}.`;
  };

  refill();
  figure.replaceChildren(
    element("div", { class: "demo-controls" }, set.node, score.node, view.node, angle.node),
    filter,
    plot.node,
    hover,
    note,
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Numbers of the figure" }, table),
    voice.node,
  );
}
