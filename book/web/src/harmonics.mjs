// Circular harmonics: build a steerable kernel, turn it by formula, and see what the pixels make of it.
//
// The numbers are those of course_lib.explorers.harmonics, computed here from the same constants. The figure's
// data-weights="2,6:1 0,0:0.5" says with which weights it starts: ring 2, frequency 6, weight 1, and so on.

import { bars } from "./explorer-bars.mjs";
import { harmonic, polar } from "./explorer-harmonics.mjs";
import { data, norm, rotate, turnedBack } from "./explorer-numbers.mjs";
import { diverging, panel, row } from "./explorer-panels.mjs";
import { button, check, digits, element, number, onceAFrame, slider, speaker } from "./explorer-parts.mjs";

const NUMBERS = data("harmonics");
const FINE = 6; // samples a pixel where the function itself is drawn
const CELL = 20;
const orNothing = (x) => (x < 1e-6 ? "0" : digits(x));
const percent = (x) => `${(100 * x).toFixed(1)} %`;

/** The kernel of the weights [ring][frequency], turned by formula and then sampled. */
function harmonicSum({ size, sigma }, weights, angle, fine = 1) {
  const points = turnedBack(size * fine, angle);
  const at = polar({ right: points.right.map((x) => x / fine), up: points.up.map((x) => x / fine) });
  const sum = Array((size * fine) ** 2).fill(0);
  weights.forEach((frequencies, ring) => frequencies.forEach((weight, n) => {
    if (weight) harmonic(at, ring, n, sigma).cos.forEach((c, k) => { sum[k] += weight * c; });
  }));
  return sum;
}

/** Fourier transform of a kernel at frequencies on circles: [radius][direction] of pairs. */
function spectrum({ size, radii, around }, kernel, angle) {
  const offset = [...Array(size).keys()].map((k) => k - (size - 1) / 2);
  return radii.map((radius) => [...Array(around).keys()].map((k) => {
    const direction = (2 * Math.PI * k) / around + (angle * Math.PI) / 180;
    const along = offset.map((x) => radius * Math.cos(direction) * x);
    const upwards = offset.map((y) => -radius * Math.sin(direction) * y); // rows go down
    let [real, imaginary] = [0, 0];
    kernel.forEach((value, at) => {
      const phase = along[at % size] + upwards[Math.floor(at / size)];
      real += value * Math.cos(phase);
      imaginary -= value * Math.sin(phase);
    });
    return [real, imaginary];
  }));
}

/** What blurred noise sees at each angular frequency: shares of the power. */
function shares({ around }, seen, power) {
  const folded = Array(around / 2).fill(0);
  seen.forEach((circle, r) => {
    for (let m = 0; m < around; m++) {
      let [real, imaginary] = [0, 0];
      circle.forEach(([a, b], k) => {
        const phase = (-2 * Math.PI * m * k) / around;
        real += a * Math.cos(phase) - b * Math.sin(phase);
        imaginary += a * Math.sin(phase) + b * Math.cos(phase);
      });
      const place = m <= around / 2 ? m : around - m;
      if (place < around / 2) folded[place] += power[r] * (real ** 2 + imaginary ** 2);
    }
  });
  const all = seen.reduce((sum, circle, r) => sum + around * power[r] * circle.reduce((s, [a, b]) => s + a * a + b * b, 0), 0);
  return folded.map((x) => x / all);
}

function steer(numbers, weights, angle) {
  const start = harmonicSum(numbers, weights, 0);
  const turned = [harmonicSum(numbers, weights, angle), rotate(start, numbers.size, angle)];
  const power = numbers.radii.map((r) => r * Math.exp(-((numbers.blur * r) ** 2)));
  const seen = spectrum(numbers, start, 0);
  const total = (circles) => circles.reduce((sum, circle, r) => sum + power[r] * circle.reduce((s, [a, b]) => s + a * a + b * b, 0), 0);
  const errors = turned.map((kernel) => {
    const other = spectrum(numbers, kernel, angle);
    const defect = other.map((circle, r) => circle.map(([a, b], k) => [a - seen[r][k][0], b - seen[r][k][1]]));
    return Math.sqrt(total(defect) / total(seen));
  });
  const found = shares(numbers, seen, power);
  const asked = weights[0].map((_, n) => weights.some((ring) => ring[n] !== 0));
  const alias = found.reduce((sum, share, m) => sum + (asked[m] ? 0 : share), 0);
  return { turned, norms: turned.map((kernel) => norm(kernel) / norm(start)), errors, shares: found, asked, alias };
}

/** Weights as a table of colours, rings from above, frequencies to the right; the staircase is the band limit. */
function weightTable(limits, maxFrequency, onChoose) {
  const [width, height] = [(maxFrequency + 1) * CELL, limits.length * CELL];
  const cells = limits.map((_, ring) => [...Array(maxFrequency + 1).keys()].map((n) => {
    const cell = element("rect", { x: n * CELL + 1, y: ring * CELL + 1, width: CELL - 2, height: CELL - 2 });
    cell.addEventListener("click", () => onChoose(n, ring));
    return cell;
  }));
  const stairs = limits.flatMap((limit, ring) => [ring, ring + 1].map((y) => `${(limit + 1) * CELL},${y * CELL}`)).join(" ");
  const chosen = element("rect", { width: CELL - 1, height: CELL - 1, class: "chosen" });
  const line = element("polyline", { points: stairs, class: "stairs" });
  const node = element("svg", { class: "demo-weights", viewBox: `-1 -1 ${width + 2} ${height + 2}`, role: "img" }, ...cells.flat(), line, chosen);
  const show = (weights, n, ring) => {
    weights.forEach((row_, j) => row_.forEach((weight, m) => cells[j][m].setAttribute("fill", `rgb(${diverging(weight, 2).map(Math.round)})`)));
    chosen.setAttribute("x", n * CELL + 0.5);
    chosen.setAttribute("y", ring * CELL + 0.5);
    const named = weights.flatMap((row_, j) => row_.map((weight, m) => (weight ? `frequency ${m} on ring ${j}: ${weight}` : "")).filter(Boolean));
    node.setAttribute("aria-label", `Weights. ${named.join(", ") || "all zero"}. The line marks the band limit.`);
  };
  return { node, show };
}

/** Weights at the start: data-weights holds "ring,frequency:weight", one after the other. */
function startWeights(figure) {
  return (figure.dataset.weights ?? "2,2:1").split(" ").map((term) => {
    const [j, n, w] = term.split(/[,:]/).map(Number);
    return { j, n, w };
  });
}

export async function build(figure) {
  const numbers = await NUMBERS;
  const { limits, max_frequency: maxFrequency } = numbers;
  const weights = limits.map(() => Array(maxFrequency + 1).fill(0));
  const panels = ["the function", "formula turned", "pixels turned"].map((title) => panel(title));
  const out = Object.fromEntries(["formula-error", "pixels-error", "alias"].map((name) => [name, number(name, orNothing)]));
  const norms = [number("formula-norm", percent), number("pixels-norm", percent)];
  const said = element("span");
  const voice = speaker();
  const chart = bars({ label: "What a smooth image sees", top: 1, ticks: [0, 0.5, 1], words: (x) => `${100 * x} %` });
  const draw = onceAFrame(show);

  const first = startWeights(figure);
  for (const { j, n, w } of first) weights[j][n] = w;
  const { j: firstRing, n: firstFrequency, w: firstWeight } = first.at(-1);
  const frequency = slider({ label: "Frequency", min: 0, max: maxFrequency, value: firstFrequency, onInput: choose });
  const ring = slider({ label: "Ring", min: 0, max: limits.length - 1, value: firstRing, unit: " px", onInput: choose });
  const weight = slider({ label: "Weight", min: -2, max: 2, step: 0.1, value: firstWeight, onInput: weigh });
  const turn = slider({ label: "Turn", min: 0, max: 360, value: 30, unit: "°", onInput: draw });
  const only = check({ label: "only this harmonic", value: first.length === 1, onInput: choose });
  const clear = button("Clear", () => {
    weights.forEach((row_) => row_.fill(0));
    weight.value = 0;
    draw();
  });
  const table = weightTable(limits, maxFrequency, (n, j) => {
    frequency.value = n;
    ring.value = j;
    choose();
  });

  function choose() {
    if (only.value) {
      const carried = weight.value || 1;
      weights.forEach((row_) => row_.fill(0));
      weights[ring.value][frequency.value] = carried;
    }
    weight.value = weights[ring.value][frequency.value];
    draw();
  }

  function weigh() {
    weights[ring.value][frequency.value] = weight.value;
    draw();
  }

  function show() {
    table.show(weights, frequency.value, ring.value);
    const { size } = numbers;
    const limit = Math.max(...weights.flat().map(Math.abs)) || 1;
    const empty = !weights.flat().some(Boolean);
    const found = empty ? null : steer(numbers, weights, turn.value);
    const blank = Array(size * size).fill(0);
    panels[0].kernel(harmonicSum(numbers, weights, turn.value, FINE), size * FINE, limit);
    [1, 2].forEach((k) => panels[k].kernel(found?.turned[k - 1] ?? blank, size, limit));
    norms.forEach((one, k) => one.show(found?.norms[k] ?? 0));
    const heights = found?.shares.slice(0, numbers.shown) ?? Array(numbers.shown).fill(0);
    chart.show(heights.map((value, m) => ({ name: String(m), value, on: found?.asked[m], warn: !found?.asked[m] })));
    out["formula-error"].show(found?.errors[0] ?? 0);
    out["pixels-error"].show(found?.errors[1] ?? 0);
    out.alias.show(found?.alias ?? 0);
    if (empty) {
      said.textContent = "All weights are zero: give one a value. ";
      voice.say(said.textContent);
      return;
    }
    const most = heights.indexOf(Math.max(...heights));
    const beyond = weights.some((row_, j) => row_.some((w, n) => w && n > limits[j]));
    said.textContent = `${beyond ? "Beyond the band limit. " : "Within the band limit. "}A smooth image sees mostly frequency ${most}. `;
    chart.describe(`What a smooth image sees: ${heights.map((value, m) => `frequency ${m} ${percent(value)}`).join(", ")}`);
    voice.say(`${said.textContent}Share at frequencies without weight ${orNothing(found.alias)}. Error turned by formula ${orNothing(found.errors[0])}.`);
  }

  panels[1].node.append(norms[0].node);
  panels[2].node.append(norms[1].node);
  const read = element(
    "p", { class: "demo-read" }, said, "At frequencies without a weight: ", out.alias.node,
    ". Error of the layer, formula turned: ", out["formula-error"].node, "; pixels turned: ", out["pixels-error"].node, ".",
  );
  const side = element("div", {}, element("p", { class: "demo-head" }, "Weights: frequency to the right, ring downwards"), table.node,
    element("div", { class: "demo-bar" }, only.node, clear));
  const seen = element("div", {}, element("p", { class: "demo-head" }, "What a smooth image sees, by frequency"), chart.node);
  figure.replaceChildren(
    element("div", { class: "demo-controls" }, frequency.node, ring.node, weight.node, turn.node),
    element("div", { class: "demo-row" }, side, seen),
    row("The kernel, turned", ...panels),
    read,
    voice.node,
  );
  show();
}
