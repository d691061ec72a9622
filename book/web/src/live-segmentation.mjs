// Three U-Nets that run in the page: turn a picture, and see whether their masks turn with it.
//
// Pictures, networks and the masks of the first view come from book/tools/export_live.py. Agreement is that of
// course_lib.evaluation.rotation_scores: Dice of "mask of the turned image" with "turned mask of the image", in the disc.

import { dragToTurn, element, number, speaker } from "./explorer-parts.mjs";
import { data } from "./explorer-numbers.mjs";
import { panel } from "./explorer-panels.mjs";
import { bytes, dice, disc, rotate, turnMask, unit, unpack } from "./live-images.mjs";
import { curves, swatch } from "./live-plot.mjs";
import { setUp } from "./live-stage.mjs";

const SERIES = {
  plain: { title: "plain", colour: "var(--pst-color-text-muted)", dash: "none" },
  p4: { title: "p4", colour: "var(--course-accent)", dash: "7 3" },
  steerable: { title: "steerable", colour: "#009e73", dash: "2 3" },
};
const BOTH = [255, 255, 255];
const TURNED_ONLY = [240, 160, 0];
const UPRIGHT_ONLY = [60, 150, 240];
const MOST_DIFFERENT_PIXELS = 2; // of a mask here and as it was computed when the site was built
const NAMES = Object.keys(SERIES);

/** Paint a square of colours: `colour(k)` gives red, green and blue of pixel k. */
function paint(canvas, size, colour) {
  if (canvas.width !== size) Object.assign(canvas, { width: size, height: size });
  const picture = new ImageData(size, size);
  for (let k = 0; k < size * size; k++) picture.data.set([...colour(k), 255], 4 * k);
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

const positive = (logits) => Uint8Array.from(logits, (x) => x > 0);

function tile(name, parameters) {
  const one = panel("");
  const [agreement, truth] = [number(`agreement-${name}`), number(`dice-${name}`)].map((it) => {
    return { node: it.node, show: (x) => { it.node.textContent = x === null ? "–" : x.toFixed(4); } };
  });
  const line = (words, value) => element("div", { class: "live-line" }, element("span", {}, words), value.node);
  const head = element("div", { class: "live-head" }, swatch(SERIES[name]), ` ${SERIES[name].title}`);
  one.node.lastChild.replaceWith(
    head,
    element("div", { class: "demo-title" }, `${parameters.toLocaleString("en")} parameters`),
    line("agreement", agreement),
    line("true outline", truth),
  );
  return { ...one, agreement, truth };
}

function legend() {
  const entry = (colour, words) => {
    return element("span", {}, element("i", { class: "live-chip", style: `background: rgb(${colour})` }), words);
  };
  return element(
    "p",
    { class: "live-legend" },
    entry(BOTH, "in both masks"),
    entry(TURNED_ONLY, "only in the mask of the turned picture"),
    entry(UPRIGHT_ONLY, "only in the turned mask of the upright one"),
  );
}

export async function build(figure) {
  const { size, angles, networks: known, pictures: given } = await data("live-segmentation");
  const [area, region] = [size * size, disc(size)];
  const pictures = given.map(({ image, truth, frames }, k) => {
    const masks = Object.fromEntries(NAMES.map((name) => [name, unpack(frames[name])]));
    const frame = (name, at) => masks[name].subarray(area * at, area * (at + 1));
    return { title: `drawn, number ${k + 1}`, pixels: bytes(image), truth: unpack(truth), frame };
  });
  const shown = panel("turned picture: drag it");
  const tiles = Object.fromEntries(NAMES.map((name) => [name, tile(name, known[name].parameters)]));
  const plot = curves({ label: "agreement", series: SERIES });
  const voice = speaker();
  const dims = [1, 3, size, size];

  async function masksAt(networks, picture, angle) {
    const { logits } = await networks.run(rotate(unit(picture.pixels), size, angle), dims);
    return Object.fromEntries(NAMES.map((name) => [name, positive(logits[name])]));
  }

  function expected(picture, name, angle) {
    picture.upright ??= Object.fromEntries(NAMES.map((one) => [one, picture.frame(one, 0)]));
    return turnMask(picture.upright[name], size, angle);
  }

  /** Agreement at the angles that are known; the live ones replace those computed beforehand. */
  function trace(picture) {
    picture.known ??= Object.fromEntries(
      NAMES.map((name) => {
        const points = picture.own ? [] : angles.map((angle, at) => {
          return [angle, dice(picture.frame(name, at), expected(picture, name, angle), region)];
        });
        return [name, new Map(points)];
      }),
    );
    return picture.known;
  }

  async function draw({ picture, angle, networks }) {
    if (networks && picture.source !== networks) {
      picture.upright = await masksAt(networks, picture, 0);
      picture.source = networks;
    }
    const at = angles.indexOf(angle);
    const found = networks ? await masksAt(networks, picture, angle) : Object.fromEntries(NAMES.map((name) => [name, picture.frame(name, at)]));
    const colours = rotate(picture.pixels, size, angle);
    const truth = picture.truth && turnMask(picture.truth, size, angle);
    const pixel = (k) => [colours[k], colours[area + k], colours[2 * area + k]];
    paint(shown.canvas, size, pixel);
    shown.describe(`The picture, turned by ${angle} degrees counter-clockwise`);
    const words = [];
    for (const name of NAMES) {
      const wanted = expected(picture, name, angle);
      const agreement = dice(found[name], wanted, region);
      const score = truth ? dice(found[name], truth, region) : null;
      paint(tiles[name].canvas, size, (k) => {
        const tint = found[name][k] ? (wanted[k] ? BOTH : TURNED_ONLY) : wanted[k] && UPRIGHT_ONLY;
        const seen = pixel(k).map((c, i) => (tint ? 0.35 * c + 0.65 * tint[i] : c));
        return region[k] ? seen : seen.map((c) => 0.35 * c);
      });
      tiles[name].agreement.show(agreement);
      tiles[name].truth.show(score);
      tiles[name].describe(`Mask of the ${SERIES[name].title} network: agreement ${agreement.toFixed(2)}`);
      trace(picture)[name].set(angle, agreement);
      words.push(`${SERIES[name].title} ${agreement.toFixed(2)}`);
    }
    const lines = NAMES.map((name) => {
      const points = [...trace(picture)[name]].sort((a, b) => a[0] - b[0]);
      return [name, points[0]?.[0] === 0 ? [...points, [360, points[0][1]]] : points];
    });
    plot.draw(Object.fromEntries(lines), angle);
    voice.say(`Turned by ${angle} degrees. Agreement: ${words.join(", ")}.`);
  }

  /** The masks must be those that were computed when the site was built, or this machine computes something else. */
  async function check(networks) {
    for (const at of [0, 2]) {
      const found = await masksAt(networks, pictures[0], angles[at]);
      for (const name of NAMES) {
        const wanted = pictures[0].frame(name, at);
        const different = found[name].reduce((sum, x, k) => sum + (x ^ wanted[k]), 0);
        if (different > MOST_DIFFERENT_PIXELS) return `the masks differ by ${different} pixels from those of the library`;
      }
    }
    return "";
  }

  const stage = setUp(figure, { size, channels: 3, pictures, networks: known, step: angles[1], draw, check });
  let drag = 0; // degrees, not rounded to the slider's step
  dragToTurn(shown.canvas, (change) => {
    const step = Number(stage.turn.input.step);
    drag = (drag + change + 360) % 360;
    stage.turn.value = Math.round(drag / step) * step;
    stage.turn.input.dispatchEvent(new Event("input"));
  });
  stage.turn.input.addEventListener("change", () => { drag = stage.turn.value; });
  const row = element("div", { class: "live-tiles", role: "group", "aria-label": "The turned picture and three masks" });
  row.append(shown.node, ...NAMES.map((name) => tiles[name].node));
  figure.replaceChildren(stage.bar, row, legend(), stage.controls, plot.node, stage.status, voice.node);
  await stage.refresh();
}
