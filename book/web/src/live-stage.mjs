// What both live figures share: choose or drop a picture, turn it, start the networks, and say what is going on.
//
//   const stage = await setUp(figure, { size, channels, pictures, networks, step, draw, check, start: "..." });
//   figure.replaceChildren(stage.bar, ..., stage.controls, stage.status);
//
// `pictures` have a title and `pixels`; `draw({ picture, angle, networks })` shows a state, where networks is null
// before they are loaded; `check(networks)` says what is wrong with their answers, or nothing. The figure carries
// data-state (frames, loading, live, failed) and, after each drawing, data-shown (picture and angle).

import { button, choice, element, number, reducedMotion, slider } from "./explorer-parts.mjs";
import { readPicture } from "./live-file.mjs";
import { letterbox } from "./live-letterbox.mjs";
import { Networks, hasCard, possible } from "./live-networks.mjs";

const NAMES = { wasm: "processor (WebAssembly)", webgpu: "graphics card (WebGPU)" };
const RUNTIME_MB = 14;
const OWN = "own";

export function setUp(figure, { size, channels, pictures, networks: files, step, draw, check }) {
  const all = { ...pictures };
  let [networks, drawing, wanted, turning, visits, card] = [null, null, false, false, 0, false];

  const status = element("p", { class: "live-status", role: "status" });
  const rate = number("rate", (x) => x.toFixed(1));
  const turn = slider({ label: "Turn", min: 0, max: 360, step, value: 0, unit: "°", onInput: moved });
  const picture = choice({ label: "Picture", options: titles(), value: "0", onInput: chosen });
  const file = element("input", { type: "file", accept: "image/png,image/jpeg,image/webp,image/gif", hidden: "" });
  const own = button("Own picture …", () => file.click());
  const start = button(startWords(), () => begin("wasm"));
  const around = button("Turn once around", goAround, { hidden: "" });
  const provider = choice({ label: "Runs on", options: NAMES, value: "wasm", onInput: begin });
  provider.node.hidden = true;

  function titles() {
    return Object.fromEntries(Object.entries(all).map(([name, { title }]) => [name, title]));
  }

  function startWords() {
    const megabytes = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
    return `Start the networks (${megabytes.toFixed(1)} MB, and ${RUNTIME_MB} MB to run them)`;
  }

  function state(name, words) {
    figure.dataset.state = name;
    status.textContent = words;
    const live = name === "live";
    start.hidden = live || !possible();
    start.disabled = name === "loading";
    around.hidden = !live;
    provider.node.hidden = !live || !card;
    turn.input.step = live ? 1 : step;
    if (!live) turn.value = Math.round(turn.value / step) * step;
  }

  async function begin(where) {
    stop();
    const visit = (visits += 1);
    state("loading", "Loading …");
    const progress = (words) => { status.textContent = `Loading ${words} …`; };
    const names = Object.fromEntries(Object.entries(files).map(([name, one]) => [name, one.file]));
    try {
      const found = await Networks.start({ files: names, provider: where, progress });
      const fault = await check(found);
      card = await hasCard();
      if (visit !== visits) return found.stop();
      if (fault) {
        found.stop();
        throw new Error(fault);
      }
      networks = found;
      provider.value = where;
      state("live", `Computed here, on the ${NAMES[where]}.`);
    } catch (error) {
      if (visit === visits) failed(error, where);
    }
    return refresh();
  }

  function failed(error, where) {
    stop();
    if (where === "webgpu") {
      begin("wasm").then(() => { status.textContent += ` The graphics card was tried: ${error.message}.`; });
      return;
    }
    const back = picture.value === OWN ? " So your own picture cannot be shown." : "";
    if (back) picture.value = "0";
    state("failed", `The networks do not run: ${error.message}. You see what was computed beforehand.${back}`);
  }

  function stop() {
    networks?.stop();
    [networks, turning] = [null, false];
  }

  /** Draw the newest state; what came in between is left out. Resolves when it is drawn. */
  function refresh() {
    wanted = true;
    drawing ??= drawAll().finally(() => { drawing = null; });
    return drawing;
  }

  async function drawAll() {
    while (wanted) {
      wanted = false;
      await drawOnce();
    }
  }

  async function drawOnce() {
    const [angle, name, running] = [turn.value, picture.value, networks];
    const shown = all[name];
    if (shown.own && !running) return; // it is drawn when the networks have come
    try {
      await draw({ picture: shown, angle: angle % 360, networks: running });
      figure.dataset.shown = `${name} ${angle}`;
    } catch (error) {
      if (!running) throw error;
      if (running === networks) failed(error); // else they have been stopped in between
      wanted = true;
    }
  }

  function moved() {
    turning = false;
    refresh();
  }

  function chosen(name) {
    if (name === OWN && !networks) begin("wasm");
    else refresh();
  }

  async function take(given) {
    if (!given) return;
    status.textContent = `Reading ${given.name} …`;
    try {
      const bitmap = await readPicture(given);
      all[OWN] = { title: "your own", own: true, pixels: letterbox(bitmap, size, channels) };
      bitmap.close();
    } catch (error) {
      status.textContent = error.message;
      return;
    }
    if (!picture.input.querySelector(`[value=${OWN}]`)) picture.input.append(new Option(all[OWN].title, OWN));
    picture.value = OWN;
    status.textContent = `${given.name} is shown. It has not left this page.`;
    if (networks) refresh();
    else if (possible()) begin("wasm");
    else failed(new Error("this browser has no WebAssembly"));
  }

  async function goAround() {
    if (turning) {
      turning = false;
      return;
    }
    turning = true;
    around.textContent = "Stop";
    const stride = reducedMotion() ? 15 : 3;
    const begun = performance.now();
    let count = 0;
    for (let angle = 0; angle <= 360 && turning; angle += stride) {
      turn.value = angle;
      await refresh();
      await new Promise(requestAnimationFrame);
      count += 1;
    }
    rate.show((1000 * count) / (performance.now() - begun));
    around.textContent = "Turn once around";
    if (networks) status.replaceChildren("Computed here: ", rate.node, " turned pictures a second.");
    turning = false;
  }

  file.addEventListener("change", () => {
    take(file.files[0]);
    file.value = "";
  });
  figure.addEventListener("dragover", (event) => {
    event.preventDefault();
    figure.classList.add("live-drop");
  });
  figure.addEventListener("dragleave", () => figure.classList.remove("live-drop"));
  figure.addEventListener("drop", (event) => {
    event.preventDefault();
    figure.classList.remove("live-drop");
    take(event.dataTransfer.files[0]);
  });
  addEventListener("pagehide", () => {
    stop();
    if (all[picture.value].own) picture.value = "0";
    visits += 1;
    state("frames", "");
  });

  const none = "This browser cannot run the networks (it has no WebAssembly). You see what was computed beforehand.";
  state("frames", possible() ? `Computed beforehand, every ${step} degrees.` : none);
  const hint = element("span", { class: "live-hint" }, "or drop one here; it stays on this page");
  const bar = element("div", { class: "demo-bar" }, picture.node, element("div", {}, own, hint, file));
  const actions = element("div", { class: "live-actions" }, start, around, provider.node);
  return { bar, turn, controls: element("div", {}, turn.node, actions), status, refresh };
}
