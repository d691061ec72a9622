// The equivariance meter: the error of every layer of a trained network, at every angle.
//
// All numbers come from course_lib.layer_errors; book/tools/export_layer_errors.py writes them to data/layer-errors.json.

import { chart, swatch } from "./explorer-chart.mjs";
import { data } from "./explorer-numbers.mjs";
import { choice, digits, element, number, onceAFrame, slider, speaker } from "./explorer-parts.mjs";

const NUMBERS = data("layer-errors");
const SMALLEST = 1e-4; // drawn for all that is less
const ERRORS = {
  label: "error",
  log: true,
  ticks: [1e-4, 1e-3, 1e-2, 1e-1, 1],
  range: [SMALLEST, 2],
  words: (tick) => (tick === SMALLEST ? "less" : String(tick)),
};

export async function build(figure) {
  const { angles, floorAngle, networks } = await NUMBERS;
  const named = Object.fromEntries(networks.map((network) => [network.label, network]));
  const layers = networks[0].layers;
  const step = angles[1] - angles[0];

  const draw = onceAFrame(show);
  const options = Object.fromEntries(networks.map(({ label }) => [label, label]));
  const network = choice({ label: "Network", options, value: networks[0].label, onInput: draw });
  const turn = slider({ label: "Turn", min: angles[0], max: angles.at(-1), step, value: 30, unit: "°", onInput: draw });
  const layer = slider({ label: "Layer", min: 1, max: layers.length, value: layers.length, words: (k) => layers[k - 1], onInput: draw });

  layer.node.classList.add("wide");
  const inner = { ticks: [1, 10, 20, 30, layers.length].filter((k) => k <= layers.length) };
  const along = chart({ x: { label: "layer", ...inner }, y: ERRORS });
  const over = chart({ x: { label: "turn in degrees", ticks: angles }, y: ERRORS });
  const pressed = (then) => (one, point, kind) => {
    if (kind !== "pointerdown") return;
    then(point[0]);
    draw();
  };
  along.onPick = pressed((k) => { layer.value = k; });
  over.onPick = pressed((angle) => { turn.value = angle; });
  const legend = element("p", { class: "chart-legend" });
  for (const { label, colour, augmented } of networks) legend.append(swatch(colour, label, look(augmented)));
  legend.append(swatch("var(--pst-color-text-muted)", `floor at ${floorAngle}°`, { dash: "2 3", bare: true }));
  const [error, floor] = ["error", "floor"].map((name) => number(name));
  const where = element("span");
  const voice = speaker();

  function look(augmented) {
    return augmented ? { dash: "7 4", open: true } : {};
  }

  function show() {
    const [chosen, place, k] = [named[network.value], angles.indexOf(turn.value), layer.value - 1];
    const lines = (points) =>
      [...networks.filter((one) => one !== chosen), chosen].map((one) => ({
        points: points(one), colour: one.colour, faint: one !== chosen, dots: one === chosen, radius: 3, ...look(one.augmented),
      }));
    const floors = { points: chosen.floors.map((value, n) => [n + 1, value]), colour: "var(--pst-color-text-muted)", dash: "2 3" };
    along.draw([floors, ...lines((one) => one.errors.map((row, n) => [n + 1, row[place]]))], k + 1);
    over.draw(lines((one) => one.errors[k].map((value, n) => [angles[n], value])), turn.value);

    error.show(chosen.errors[k][place]);
    floor.show(chosen.floors[k]);
    where.textContent = `${chosen.label}, turned by ${turn.value}°, layer “${layers[k]}”: error `;
    const column = chosen.errors.map((row) => row[place]);
    along.describe(`Error of each of ${layers.length} layers of ${chosen.label} at ${turn.value} degrees: ${digits(column[0])} after the first, at most ${digits(Math.max(...column))}, ${digits(column.at(-1))} at the end`);
    over.describe(`Error of ${chosen.label} after ${layers[k]} at ${angles.join(", ")} degrees: ${chosen.errors[k].map(digits).join(", ")}`);
    voice.say(`${chosen.label}, ${turn.value}°, after ${layers[k]}: error ${digits(column[k])}, floor ${digits(chosen.floors[k])}.`);
  }

  figure.replaceChildren(
    element("div", { class: "demo-controls" }, network.node, turn.node, layer.node),
    element("div", { class: "chart-pair" }, along.node, over.node),
    legend,
    element("p", { class: "demo-read" }, where, error.node, `. Floor of that output at ${floorAngle}°: `, floor.node, "."),
    voice.node,
  );
  show();
}
