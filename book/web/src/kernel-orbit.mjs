// The kernels of a group convolution as the orbit of one: turned by interpolation, and turned by formula.
//
// The numbers are those of course_lib.explorers.orbit, computed here from the same weights.

import { bars } from "./explorer-bars.mjs";
import { harmonic, polar } from "./explorer-harmonics.mjs";
import { data, largest, norm, rotate, turnedBack } from "./explorer-numbers.mjs";
import { panel, row } from "./explorer-panels.mjs";
import { choice, digits, element, number, onceAFrame, slider, speaker } from "./explorer-parts.mjs";

const NUMBERS = data("kernel-orbit");
const GROUPS = { 4: "C₄ (p4)", 8: "C₈", 12: "C₁₂" };

/** Slices of the kernel, evaluated at points turned back by an angle: turned by formula. */
function sampled({ size, sigma }, terms, order, angle) {
  const at = polar(turnedBack(size, angle));
  const slices = [...Array(order)].map(() => Array(size * size).fill(0));
  for (const { n, ring, cos, sin } of terms) {
    const wave = harmonic(at, ring, n, sigma);
    slices.forEach((slice, j) => wave.cos.forEach((c, k) => { slice[k] += cos[j] * c + sin[j] * wave.sin[k]; }));
  }
  return slices;
}

/** Kernel banks, both [h][j]: entry h, j is slice j - h of the weights, turned by h. */
function kernelBanks(numbers, order, maxFrequency) {
  const { size } = numbers;
  const centre = (size - 1) / 2;
  const onDisc = (grid) => grid.map((x, k) => (Math.hypot((k % size) - centre, Math.floor(k / size) - centre) <= size / 2 ? x : 0));
  const terms = numbers.terms[order].filter(({ n }) => n <= maxFrequency);
  const weights = sampled(numbers, terms, order, 0).map(onDisc);
  const moved = (slices, h) => slices.map((_, j) => slices[(j - h + order) % order]);
  const interpolated = [];
  const analytic = [];
  for (let h = 0; h < order; h++) {
    const angle = (360 * h) / order;
    interpolated.push(moved(weights.map((slice) => onDisc(rotate(slice, size, angle))), h));
    analytic.push(moved(sampled(numbers, terms, order, angle).map(onDisc), h));
  }
  const errors = interpolated.map((slices, h) => {
    const exact = analytic[h].flat();
    return norm(slices.flat().map((x, k) => x - exact[k])) / norm(exact);
  });
  return { interpolated, analytic, errors, limit: largest(analytic.flat(2)) };
}

/** All kernels in one picture with gaps; the frame of the chosen one is red, of its orbit grey-blue. */
function drawBank(one, { interpolated, limit }, size, chosen) {
  const order = interpolated.length;
  const step = size + 1;
  const width = order * step + 1;
  const picture = Array(width * width).fill(NaN);
  const frame = (h, j, value) => {
    for (let k = 0; k <= step; k++) {
      for (const [y, x] of [[0, k], [step, k], [k, 0], [k, step]]) picture[(h * step + y) * width + j * step + x] = value;
    }
  };
  interpolated.forEach((slices, h) => slices.forEach((slice, j) => slice.forEach((value, k) => {
    picture[(h * step + 1 + Math.floor(k / size)) * width + j * step + 1 + (k % size)] = value;
  })));
  for (let h = 0; h < order; h++) frame(h, h, -0.45 * limit);
  frame(chosen, chosen, Infinity);
  one.kernel(picture, width, limit);
}

export async function build(figure) {
  const numbers = await NUMBERS;
  const bank = panel("all kernels: row = output entry, column = input entry");
  bank.node.classList.add("wide");
  const panels = ["pixels turned", "formula turned", "difference"].map((title) => panel(title));
  const [error, worst] = [number("error"), number("worst")];
  const where = element("span");
  const voice = speaker();
  const chart = bars({ label: "Error of each output entry", top: 0.4, ticks: [0, 0.2, 0.4] });
  const draw = onceAFrame(show);
  let banks = null;
  const remake = () => {
    const order = Number(group.value);
    entry.input.max = order - 1;
    entry.value = Math.min(entry.value, order - 1);
    banks = kernelBanks(numbers, order, fine.value);
    draw();
  };
  const group = choice({ label: "Group", options: GROUPS, value: "8", onInput: remake });
  const words = (h) => `${Math.round((360 * h) / Number(group.value))}°`;
  const entry = slider({ label: "Output entry", min: 0, max: 3, value: 1, words, onInput: draw });
  const fine = slider({ label: "Highest frequency", min: 0, max: numbers.max_frequency, value: numbers.max_frequency, onInput: remake });

  function show() {
    const [h, order, { size }] = [entry.value, Number(group.value), numbers];
    entry.show();
    const pair = [banks.interpolated[h][h], banks.analytic[h][h]];
    drawBank(bank, banks, size, h);
    bank.describe(`${order} by ${order} kernels. Along the diagonal stands slice 0, turned a step further in each row.`);
    const limit = largest(pair[1]);
    pair.forEach((kernel, k) => panels[k].kernel(kernel, size, limit));
    panels[2].kernel(pair[0].map((x, k) => x - pair[1][k]), size, limit);
    chart.show(banks.errors.map((value, k) => ({ name: words(k), value, on: k === h })));
    chart.describe(`Error of each output entry: ${banks.errors.map((value, k) => `${words(k)} ${digits(value)}`).join(", ")}`);
    where.textContent = `Entry ${words(h)}: turned pixels differ from the turned formula by `;
    error.show(banks.errors[h]);
    worst.show(Math.max(...banks.errors));
    voice.say(`${where.textContent}${error.node.textContent}. Largest of all entries ${worst.node.textContent}.`);
  }

  figure.replaceChildren(
    element("div", { class: "demo-controls" }, group.node, entry.node, fine.node),
    element("div", { class: "demo-row" }, bank.node, element("div", {}, row("One kernel of the orbit", ...panels), chart.node)),
    element("p", { class: "demo-read" }, where, error.node, ". Largest of all entries: ", worst.node, "."),
    voice.node,
  );
  remake();
  show();
}
