// LieConv: how the error of sampled rotations falls with their number, beside the line 1/√n.
//
// All numbers come from course_lib.explorers.lie_samples; book/tools/export_lie_samples.py writes data/lie-samples.json.

import { chart, swatch } from "./explorer-chart.mjs";
import { data } from "./explorer-numbers.mjs";
import { choice, digits, element, number, onceAFrame, slider, speaker } from "./explorer-parts.mjs";

const NUMBERS = data("lie-samples");
const SMALLEST = 1e-6; // drawn for all that is less
const ERRORS = {
  label: "error",
  log: true,
  ticks: [1e-6, 1e-4, 1e-2, 1],
  range: [SMALLEST, 1.5],
  words: (tick) => (tick === SMALLEST ? "less" : String(tick)),
};
const rms = (row) => Math.sqrt(row.reduce((sum, x) => sum + x * x, 0) / row.length);

export async function build(figure) {
  const { samples, curves } = await NUMBERS;
  const named = Object.fromEntries(curves.map((curve) => [curve.label, curve]));
  const options = Object.fromEntries(curves.map(({ label }) => [label, label]));
  const draws = curves[0].errors[0].length;

  const draw = onceAFrame(show);
  const drawn = choice({ label: "Rotations", options, value: curves[0].label, onInput: draw });
  const count = slider({ label: "Samples", min: 0, max: samples.length - 1, value: 2, words: (k) => `${samples[k]}`, onInput: draw });
  const which = slider({ label: "Draw", min: 1, max: draws, value: 1, words: (k) => `${k} of ${draws}`, onInput: draw });
  const plot = chart({ x: { label: "samples n of each point", log: true, ticks: samples }, y: ERRORS, height: 280 });
  plot.onPick = (one, [n], kind) => {
    if (kind !== "pointerdown") return;
    count.value = samples.indexOf(n);
    if (one.label) drawn.value = one.label;
    draw();
  };
  const legend = element("p", { class: "chart-legend" });
  for (const { label, colour } of curves) legend.append(swatch(colour, label));
  legend.append(swatch("var(--pst-color-text-muted)", "1/√n, through the last point", { dash: "6 4", bare: true }));
  const [error, typical, line] = ["error", "typical", "line"].map((name) => number(name));
  const voice = speaker();

  function show() {
    const chosen = named[drawn.value];
    const [k, one] = [count.value, which.value - 1];
    const means = chosen.errors.map(rms);
    const root = (n) => means.at(-1) * Math.sqrt(samples.at(-1) / n);
    const rest = curves.filter((curve) => curve !== chosen);
    plot.draw(
      [
        { points: samples.map((n) => [n, root(n)]), colour: "var(--pst-color-text-muted)", dash: "6 4" },
        ...rest.map((curve) => ({ label: curve.label, colour: curve.colour, faint: true, points: curve.errors.map((row, n) => [samples[n], rms(row)]) })),
        { label: chosen.label, colour: chosen.colour, points: means.map((value, n) => [samples[n], value]) },
        { label: chosen.label, colour: chosen.colour, alone: true, radius: 3, points: chosen.errors.flatMap((row, n) => row.map((value) => [samples[n], value])) },
        { label: chosen.label, colour: chosen.colour, alone: true, open: true, radius: 7, points: [[samples[k], chosen.errors[k][one]]] },
      ],
      samples[k],
    );
    error.show(chosen.errors[k][one]);
    typical.show(means[k]);
    line.show(root(samples[k]));
    plot.describe(`Error of ${chosen.label} at ${samples.join(", ")} samples, typical of ${draws} draws: ${means.map(digits).join(", ")}`);
    voice.say(`${samples[k]} samples, ${chosen.label}: error ${digits(chosen.errors[k][one])}, typical ${digits(means[k])}; the line says ${digits(root(samples[k]))}.`);
  }

  figure.replaceChildren(
    element("div", { class: "demo-controls" }, drawn.node, count.node, which.node),
    plot.node,
    legend,
    element("p", { class: "demo-read" }, "Error of this draw: ", error.node, `. Typical of ${draws} draws: `, typical.node, ". The line 1/√n says ", line.node, "."),
    voice.node,
  );
  show();
}
