// Lifting: turn a letter, and see the four maps of its lifting convolution turn and change places.
//
// The numbers are those of course_lib.explorers.lifting, computed here from the same letter and kernels.

import { choice, dragToTurn, element, number, onceAFrame, slider, speaker } from "./explorer-parts.mjs";
import { correlate, data, largest, relative, rotate } from "./explorer-numbers.mjs";
import { panel, row } from "./explorer-panels.mjs";

const NUMBERS = data("lifting");
const TURNS = [0, 1, 2, 3];
const KERNELS = { edge: "edge", corner: "corner", spot: "spot (the same from all sides)" };

/** The lifting convolution: entry h is the response to the kernel turned by h quarter turns. */
function lift(image, size, kernel) {
  return TURNS.map((h) => correlate(image, size, rotate(kernel, 3, 90 * h), 3));
}

/** Maps of the turned letter, and the turned maps of the letter. */
function compare({ size, letter, kernels }, angle, name) {
  const image = rotate(letter, size, angle);
  const maps = lift(image, size, kernels[name]);
  const upright = lift(letter, size, kernels[name]);
  const turns = Math.floor(angle / 90 + 0.5) % 4;
  const moved = TURNS.map((h) => rotate(upright[(h - turns + 4) % 4], size, angle));
  return { image, maps, moved, turns, limit: largest(upright.flat()), error: relative(maps.flat(), moved.flat()) };
}

export async function build(figure) {
  const numbers = await NUMBERS;
  const picture = panel("drag to turn");
  const names = TURNS.map((h) => `${90 * h}°`);
  const maps = names.map((name) => panel(name));
  const moved = names.map((name) => panel(name));
  const error = number("error");
  const said = element("span");
  const voice = speaker();
  const draw = onceAFrame(show);
  const turn = slider({ label: "Turn", min: 0, max: 360, value: 0, unit: "°", onInput: draw });
  const kernel = choice({ label: "Kernel", options: KERNELS, value: "edge", onInput: draw });

  function show() {
    const found = compare(numbers, turn.value, kernel.value);
    picture.image(found.image, numbers.size);
    picture.describe(`The letter F, turned by ${turn.value} degrees`);
    for (const h of TURNS) {
      maps[h].kernel(found.maps[h], numbers.size, found.limit);
      moved[h].kernel(found.moved[h], numbers.size, found.limit);
      for (const one of [maps[h], moved[h]]) one.node.classList.toggle("on", h === found.turns);
    }
    const where = `What stood at 0° stands at ${names[found.turns]}.`;
    said.textContent = `${where} The two rows differ by `;
    error.show(found.error);
    voice.say(`Turned by ${turn.value} degrees. ${where} The two rows differ by ${error.node.textContent}.`);
  }

  dragToTurn(picture.canvas, (change) => {
    turn.value = (Math.round(turn.value + change) + 360) % 360;
    draw();
  });
  const stage = element("div", { class: "demo-stage" }, picture.node, element("div", {}, turn.node, kernel.node));
  const read = element("p", { class: "demo-read" }, said, error.node, ".");
  const head = (words) => element("p", { class: "demo-head" }, words);
  figure.replaceChildren(
    stage,
    head("The maps of the turned letter"),
    row("The four maps of the turned letter", ...maps),
    head("The maps of the upright letter, turned and moved on"),
    row("The four maps of the upright letter, turned and moved on", ...moved),
    read,
    voice.node,
  );
  show();
}
