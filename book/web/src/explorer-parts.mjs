// Parts of which interactive figures are made: elements, sliders, choices, numbers, a voice for screen readers.
//
//   const turn = slider({ label: "Turn", min: 0, max: 360, value: 0, unit: "°", onInput: redraw });
//   const kernel = choice({ label: "Kernel", options: { edge: "edge", blob: "bright spot" }, onInput: redraw });
//   const error = number("error");             // error.node is shown, error.show(0.03124) fills it
//   const voice = speaker();                   // voice.say("...") is spoken when the reader pauses
//   figure.replaceChildren(element("div", { class: "demo-controls" }, turn.node, kernel.node), ..., voice.node);
//
// Every control is a real <input>, <select> or <button> with a <label>, so arrow keys, touch and screen readers work
// without more. Sliders speak their value with the unit; nothing else may be a live region, or every step is read out.

const SVG = new Set(["svg", "g", "path", "polygon", "polyline", "circle", "line", "rect", "text", "image"]);
const PAUSE_MS = 600;
let named = 0;

/** A new HTML or SVG element with attributes and children. */
export function element(tag, attributes = {}, ...children) {
  const node = SVG.has(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** At most one call a frame of the screen, with the newest state: sliders fire faster than one can draw. */
export function onceAFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

/** A control behind its label. The label holds nothing but words, so it is the control's name and no more. */
function labelled(kind, words, input, ...more) {
  input.id = `demo-control-${(named += 1)}`;
  const label = element("label", { class: "demo-label", for: input.id }, words);
  return element("div", { class: `demo-control ${kind}` }, label, input, ...more);
}

/** A labelled range input; `value` reads and sets the number. `words` turns it into the text that is shown and spoken. */
export function slider({ label, min, max, step = 1, value, unit = "", words = (x) => `${x}${unit}`, onInput }) {
  const input = element("input", { type: "range", min, max, step, autocomplete: "off", "aria-label": label });
  const shown = element("span", { class: "demo-value", "aria-hidden": "true" });
  const show = () => {
    shown.textContent = words(input.valueAsNumber);
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  const set = (x) => {
    input.value = x;
    show();
  };
  input.addEventListener("input", () => {
    show();
    onInput?.(input.valueAsNumber);
  });
  set(value);
  return { node: labelled("demo-slider", label, input, shown), input, show, get value() { return input.valueAsNumber; }, set value(x) { set(x); } };
}

/** A labelled choice; `options` maps values to the words that are shown. */
export function choice({ label, options, value, onInput }) {
  const input = element("select", { autocomplete: "off", "aria-label": label });
  for (const [name, words] of Object.entries(options)) input.append(new Option(words, name, name === value, name === value));
  input.addEventListener("change", () => onInput?.(input.value));
  return { node: labelled("demo-choice", label, input), input, get value() { return input.value; }, set value(name) { input.value = name; } };
}

/** A labelled box to check. */
export function check({ label, value = false, onInput }) {
  const input = element("input", { type: "checkbox", autocomplete: "off" });
  input.checked = value;
  input.addEventListener("change", () => onInput?.(input.checked));
  return { node: labelled("demo-check", label, input), input, get value() { return input.checked; }, set value(x) { input.checked = x; } };
}

/** A button. */
export function button(words, onPress, attributes = {}) {
  const node = element("button", { type: "button", ...attributes }, words);
  node.addEventListener("click", onPress);
  return node;
}

/** Four significant digits; what is nothing but rounding is 0. */
export function digits(x) {
  if (Math.abs(x) < 1e-12) return "0";
  return Math.abs(x) < 1e-3 ? x.toExponential(3) : x.toPrecision(4);
}

/** A number in the text that tests and readers can find by its name. */
export function number(name, words = digits) {
  const node = element("span", { class: "demo-number", "data-number": name });
  return { node, show: (x) => { node.textContent = words(x); } };
}

/** What a screen reader says, politely, once the reader has paused; it is not seen. */
export function speaker() {
  const node = element("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  let timer = 0;
  const say = (words) => {
    clearTimeout(timer);
    timer = setTimeout(() => { node.textContent = words; }, PAUSE_MS);
  };
  return { node, say };
}

/** Turn something by dragging it around its centre: `turned(degrees)` gets the change, counter-clockwise. */
export function dragToTurn(node, turned) {
  let last = null;
  const angle = (event) => {
    const box = node.getBoundingClientRect();
    const x = event.clientX - box.left - box.width / 2;
    const y = event.clientY - box.top - box.height / 2;
    return (-Math.atan2(y, x) * 180) / Math.PI;
  };
  node.classList.add("demo-drag");
  node.addEventListener("pointerdown", (event) => {
    last = angle(event);
    node.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  node.addEventListener("pointermove", (event) => {
    if (last === null) return;
    const now = angle(event);
    turned(((now - last + 540) % 360) - 180);
    last = now;
  });
  for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => { last = null; });
}

/** Whether the reader has asked for less motion. */
export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
