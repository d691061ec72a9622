// Two classifiers that run in the page: the probability they give to the first class, over the angle of the picture.
//
// Pictures, networks and the curves of the first view come from book/tools/export_live.py; the turn is that of
// course_lib.classification.turn, with all outside the inscribed disc black.

import { element, number, speaker } from "./explorer-parts.mjs";
import { data } from "./explorer-numbers.mjs";
import { panel } from "./explorer-panels.mjs";
import { bytes, disc, rotate, softmax, unit } from "./live-images.mjs";
import { curves, swatch } from "./live-plot.mjs";
import { setUp } from "./live-stage.mjs";

const SERIES = {
  plain: { title: "plain", colour: "var(--pst-color-text-muted)", dash: "none" },
  sre: { title: "SRE", colour: "#cc79a7", dash: "7 3" },
};
const NAMES = Object.keys(SERIES);
const MOST_DIFFERENT = 1e-3; // of a probability here and as it was computed when the site was built

function line(name, words) {
  const [value, spread] = [number(`probability-${name}`, (p) => p.toFixed(4)), number(`spread-${name}`, (p) => p.toFixed(4))];
  const bar = element("span", { class: "live-bar", style: `background: ${SERIES[name].colour}` });
  const node = element(
    "div",
    { class: "live-answer" },
    element("div", { class: "live-head" }, swatch(SERIES[name]), ` ${SERIES[name].title}`),
    element("div", { class: "live-track", "aria-hidden": "true" }, bar),
    element("div", { class: "live-line" }, element("span", {}, `“${words}”`), value.node),
    element("div", { class: "live-line" }, element("span", {}, "spread over the angles"), spread.node),
  );
  return { node, value, spread, bar };
}

export async function build(figure) {
  const { size, angles, classes, networks: known, pictures: given } = await data("live-classifier");
  const region = disc(size);
  const pictures = given.map(({ kind, image, curves: beforehand }, k) => {
    return { title: `drawn, number ${k + 1}: ${kind}`, pixels: bytes(image), beforehand };
  });
  const shown = panel("turned picture");
  const lines = Object.fromEntries(NAMES.map((name) => [name, line(name, classes[0])]));
  const plot = curves({ label: `probability of “${classes[0]}”`, series: SERIES });
  const voice = speaker();

  const turned = (picture, angle) => rotate(unit(picture.pixels), size, angle).map((x, k) => x * region[k]);

  /** Probability of the first class at each angle: one batch for all. */
  async function probabilities(networks, picture, at) {
    const batch = new Float32Array(at.length * size * size);
    at.forEach((angle, k) => batch.set(turned(picture, angle), k * size * size));
    const { logits } = await networks.run(batch, [at.length, 1, size, size]);
    const first = (values) => at.map((_, k) => softmax(values.subarray(k * classes.length, (k + 1) * classes.length))[0]);
    return Object.fromEntries(NAMES.map((name) => [name, first(logits[name])]));
  }

  async function draw({ picture, angle, networks }) {
    if (networks && picture.source !== networks) {
      picture.curves = await probabilities(networks, picture, angles);
      picture.source = networks;
    }
    const over = picture.curves ?? picture.beforehand;
    const now = networks ? await probabilities(networks, picture, [angle]) : Object.fromEntries(NAMES.map((name) => [name, [over[name][angles.indexOf(angle)]]]));
    const grey = turned(picture, angle);
    shown.image(Array.from(grey), size);
    shown.describe(`The picture, turned by ${angle} degrees counter-clockwise, black outside the disc`);
    const words = [];
    for (const name of NAMES) {
      const [p] = now[name];
      lines[name].value.show(p);
      lines[name].spread.show(Math.max(...over[name]) - Math.min(...over[name]));
      lines[name].bar.style.width = `${(100 * p).toFixed(1)}%`;
      words.push(`${SERIES[name].title} ${p.toFixed(2)}`);
    }
    const points = NAMES.map((name) => [name, [...angles.map((a, k) => [a, over[name][k]]), [360, over[name][0]]]]);
    plot.draw(Object.fromEntries(points), angle);
    voice.say(`Turned by ${angle} degrees. Probability of ${classes[0]}: ${words.join(", ")}.`);
  }

  async function check(networks) {
    const at = [angles[0], angles[3]];
    const found = await probabilities(networks, pictures[0], at);
    const far = NAMES.flatMap((name) => [0, 3].map((k, i) => Math.abs(found[name][i] - pictures[0].beforehand[name][k])));
    const most = Math.max(...far);
    return most > MOST_DIFFERENT ? `a probability differs by ${most.toFixed(3)} from the library's` : "";
  }

  const stage = setUp(figure, { size, channels: 1, pictures, networks: known, step: angles[1], draw, check });
  const answers = element("div", { class: "live-answers" }, ...NAMES.map((name) => lines[name].node));
  const row = element("div", { class: "live-pair" }, shown.node, answers);
  figure.replaceChildren(stage.bar, row, stage.controls, plot.node, stage.status, voice.node);
  await stage.refresh();
}
