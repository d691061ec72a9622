// Explorer of ring kernels: give each ring one number, turn the picture, and see that the response turns with it.
//
// Picture and masks come from course_lib (book/tools/export_sre_rings.py writes data/sre-rings.json). The error is that of
// course_lib.evaluation.error_at_angle, computed here with the same splines.

import { data, correlate, largest, relative } from "./explorer-numbers.mjs";
import { panel, row } from "./explorer-panels.mjs";
import { choice, digits, element, number, onceAFrame, slider, speaker } from "./explorer-parts.mjs";
import { splineRotate } from "./explorer-splines.mjs";

const NUMBERS = data("sre-rings");
const KERNELS = { hard: "hard rings", smooth: "smooth rings", half: "upper half of the hard rings" };
const STRONGER = 50; // the difference is shown with colours so many times as strong

export async function build(figure) {
  const { side, levels, picture, masks, weights } = await NUMBERS;
  const upright = picture.map((grey) => grey / levels);
  const centre = (upright.length - 1) / 2;
  let kernelSide = 9;
  let rings = [];
  let answer = null; // to the upright picture; it changes with the kernel only

  const draw = onceAFrame(show);
  const changed = () => {
    answer = null;
    draw();
  };
  const kind = choice({ label: "Kernel", options: KERNELS, value: "hard", onInput: changed });
  const sides = Object.fromEntries(Object.keys(masks.hard).map((k) => [k, `${k} × ${k} pixels`]));
  const size = choice({ label: "Size", options: sides, value: String(kernelSide), onInput: (k) => resize(Number(k)) });
  const turn = slider({ label: "Turn", min: 0, max: 360, value: 30, unit: "°", onInput: draw });
  const ringControls = element("div", { class: "demo-controls", role: "group", "aria-label": "One number a ring" });

  const views = {
    kernel: panel("kernel"),
    picture: panel("picture, turned"),
    response: panel("its response"),
    difference: panel(`difference × ${STRONGER}`),
  };
  const large = row("The two ways round", ...Object.values(views));
  large.classList.add("large");
  const [error, floor, before, after] = ["error", "floor", "before", "after"].map((name) => number(name));
  const voice = speaker();

  function resize(k) {
    kernelSide = k;
    const old = rings.map((ring) => ring.value);
    rings = masks.hard[k].map((_, r) =>
      slider({ label: `Ring ${r}`, min: -1, max: 1, step: 0.1, value: old[r] ?? weights[r], words: (w) => w.toFixed(1), onInput: changed }),
    );
    ringControls.replaceChildren(...rings.map((ring) => ring.node));
    changed();
  }

  function kernel() {
    const found = Array(kernelSide ** 2).fill(0);
    masks[kind.value === "smooth" ? "smooth" : "hard"][kernelSide].forEach((mask, r) => {
      mask.forEach((share, pixel) => { found[pixel] += rings[r].value * share; });
    });
    const below = (kernelSide * (kernelSide + 1)) / 2; // first pixel of the lower half
    return kind.value === "half" ? found.map((value, pixel) => (pixel < below ? value : 0)) : found;
  }

  function show() {
    const angle = turn.value;
    const w = kernel();
    const respond = (grid) => correlate(grid, side, w, kernelSide);
    answer ??= respond(upright);
    const turned = splineRotate(upright, side, angle);
    const response = respond(turned);
    const wanted = splineRotate(answer, side, angle);
    const limit = largest(answer);
    const failed = limit === 0 ? 0 : relative(response, wanted);

    views.kernel.kernel(w, kernelSide, largest(w));
    views.picture.image([...turned].map((grey) => (grey + 1) / 2), side);
    views.response.kernel([...response], side, limit);
    views.difference.kernel([...response].map((value, p) => value - wanted[p]), side, limit / STRONGER);
    error.show(failed);
    floor.show(relative(splineRotate(turned, side, -angle), upright));
    before.show(answer[centre]);
    after.show(response[centre]);

    const numbers = rings.map((ring) => ring.value.toFixed(1)).join(", ");
    views.kernel.describe(`Kernel of ${kernelSide} by ${kernelSide} pixels, ${KERNELS[kind.value]}, from the centre: ${numbers}`);
    views.picture.describe(`A polyp in grey, turned by ${angle} degrees`);
    views.response.describe("Response of the kernel to the turned picture");
    views.difference.describe(`Response to the turned picture minus turned response; relative error ${digits(failed)}`);
    const said = limit === 0 ? "All rings are zero: the response is zero." : `Turned by ${angle}°, the error is ${digits(failed)}.`;
    voice.say(`${said} The response at the centre was ${digits(answer[centre])} and is ${digits(response[centre])}.`);
  }

  paintRings(views.kernel.canvas, () => kernelSide, () => masks.hard[kernelSide], () => rings);
  resize(kernelSide);
  figure.replaceChildren(
    element("div", { class: "demo-controls" }, kind.node, size.node, turn.node),
    ringControls,
    large,
    element("p", { class: "demo-read" }, "Response at the centre: ", before.node, " before the turn, ", after.node, " after."),
    element("p", { class: "demo-read" }, "Error: ", error.node, ". Floor, the picture turned there and back: ", floor.node, "."),
    element("p", { class: "demo-read" }, "With a mouse or a finger: press a ring of the kernel and drag up or down."),
    voice.node,
  );
}

/** Drag a ring of the picture up for more, down for less; its slider follows. */
function paintRings(canvas, side, masks, rings) {
  let held = null;
  canvas.classList.add("demo-paint");
  canvas.addEventListener("pointerdown", (event) => {
    const box = canvas.getBoundingClientRect();
    const place = (at, from, length) => Math.min(side() - 1, Math.max(0, Math.floor(((at - from) / length) * side())));
    const pixel = place(event.clientY, box.top, box.height) * side() + place(event.clientX, box.left, box.width);
    const ring = masks().findIndex((mask) => mask[pixel] > 0);
    if (ring < 0) return;
    held = { ring, from: event.clientY, value: rings()[ring].value };
    canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (held === null) return;
    const ring = rings()[held.ring];
    ring.value = held.value + (held.from - event.clientY) / 60;
    ring.input.dispatchEvent(new Event("input"));
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { held = null; });
}
