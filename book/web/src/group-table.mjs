// Explorer of a small group: act on two pictures, and the Cayley table lights up.
//
//   <figure class="demo" data-demo="group-table" data-group="D_4"> ... (see explorer-loader.mjs)
//
// data-group is D_4 (default) or another name in data/groups.json, which book/tools/export_figures.py writes from
// course_lib.groups: all products come from the library. After each step the figure carries data-g, data-h and
// data-product (element numbers), which the browser test compares with the library.

import { button, choice, element } from "./explorer-parts.mjs";
import { data } from "./explorer-numbers.mjs";

const NUMBERS = data("groups");
const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Name of element k: e, r, r², ... and m, rm, r²m, ... (first the mirror m, then the turn). */
function elementName(group, k) {
  const turns = k % group.n;
  const power = turns < 2 ? "" : [...String(turns)].map((digit) => SUPERSCRIPT[digit]).join("");
  const turn = turns === 0 ? "" : "r" + power;
  return group.is_flip[k] ? turn + "m" : turn || "e";
}

/** Element k in words, for people who do not see the picture. */
function elementWords(group, k) {
  const degrees = Math.round(group.angle_deg[k]);
  const turn = degrees === 0 ? "" : `turn by ${degrees}° counter-clockwise`;
  if (!group.is_flip[k]) return turn || "leave as it is";
  return turn ? `flip left and right, then ${turn}` : "flip left and right";
}

function cellColour(group, k) {
  const hue = Math.round((360 * (k % group.n)) / group.n);
  return `hsl(${hue} ${group.is_flip[k] ? "45% 45%" : "85% 50%"})`;
}

/** A tile: a regular polygon with coloured corners and a letter that no symmetry of it leaves alone. */
function tile(group) {
  const sides = Math.max(group.n, 3);
  const corner = (k) => [90 * Math.sin((2 * Math.PI * (k + 0.5)) / sides), -90 * Math.cos((2 * Math.PI * (k + 0.5)) / sides)];
  const corners = [...Array(sides).keys()].map(corner);
  const outline = corners.map((point) => point.map((x) => x.toFixed(2)).join(",")).join(" ");
  const parts = [
    element("polygon", { points: outline, fill: "var(--pst-color-background)", stroke: "var(--course-accent)", "stroke-width": 3 }),
    element("path", { d: "M-20 36 V-34 H26 V-18 H-2 V-6 H18 V10 H-2 V36 Z", fill: "var(--course-accent)" }),
  ];
  corners.forEach(([x, y], k) => {
    const fill = `hsl(${Math.round((360 * k) / sides)} 75% 48%)`;
    parts.push(element("circle", { cx: x.toFixed(2), cy: y.toFixed(2), r: 9, fill }));
  });
  return parts;
}

/** A picture: the boat of the chapter, as course_lib.data.boat draws it. */
const boat = (groups) => [element("image", { href: groups.boat, x: -95, y: -95, width: 190, height: 190 })];

/** Something that turns and flips about its centre. */
function picture(group, name, parts) {
  const moved = element("g", { class: "figure-turn" }, ...parts);
  const axis = { stroke: "var(--pst-color-text-muted)", "stroke-width": 1, "stroke-dasharray": "4 5" };
  const svg = element("svg", { viewBox: "-112 -112 224 224", role: "img" }, moved);
  if (group.is_flip.some(Boolean)) svg.prepend(element("line", { x1: 0, x2: 0, y1: -110, y2: 110, ...axis }));
  return {
    svg,
    show: (angle, flipped, words) => {
      moved.style.transform = `rotate(${-angle}deg) scaleX(${flipped ? -1 : 1})`;
      svg.setAttribute("aria-label", `${name} after: ${words}`);
    },
  };
}

function cayleyTable(group, onCell) {
  const name = (k) => elementName(group, k);
  const table = element("table", { class: "cayley" });
  const head = element("tr", {}, element("th", { scope: "col" }, "g ∘ h"));
  for (let h = 0; h < group.order; h++) head.append(element("th", { scope: "col" }, name(h)));
  table.append(element("caption", { class: "visually-hidden" }, `Cayley table of ${group.name}: row g, column h, entry g h`), head);
  for (let g = 0; g < group.order; g++) {
    const row = element("tr", {}, element("th", { scope: "row" }, name(g)));
    for (let h = 0; h < group.order; h++) {
      const k = group.product[g][h];
      const cell = element("td", { style: `--cell: ${cellColour(group, k)}` }, name(k));
      cell.addEventListener("click", () => onCell(g, h));
      row.append(cell);
    }
    table.append(row);
  }
  return table;
}

function play(figure, groups, groupName) {
  const group = groups.tables[groupName];
  let state = 0;
  let angle = 0;
  const pictures = [picture(group, "The tile", tile(group)), picture(group, "The boat", boat(groups))];
  const say = element("output", { "aria-live": "polite" });
  const table = cayleyTable(group, (g, h) => {
    show(h);
    apply(g);
  });

  function show(k) {
    const shortest = ((group.angle_deg[k] - angle + 540) % 360) - 180;
    angle += shortest;
    for (const one of pictures) one.show(angle, group.is_flip[k], elementWords(group, k));
    state = k;
  }

  function apply(g) {
    const h = state;
    const k = group.product[g][h];
    for (const lit of table.querySelectorAll(".on, .cross")) lit.classList.remove("on", "cross");
    const rows = [...table.rows].slice(1);
    rows.forEach((row) => row.cells[h + 1].classList.add("cross"));
    [...rows[g].cells].slice(1).forEach((cell) => cell.classList.add("cross"));
    for (const cell of [rows[g].cells[0], table.rows[0].cells[h + 1], rows[g].cells[h + 1]]) cell.classList.add("on");
    const [a, b, c] = [g, h, k].map((x) => elementName(group, x));
    say.textContent = `First ${b}, then ${a}: ${a} ∘ ${b} = ${c}. (${elementWords(group, k)})`;
    Object.assign(figure.dataset, { g, h, product: k });
    show(k);
  }

  const keys = element("div", { class: "keys", role: "group", "aria-label": "Act on the pictures with" });
  for (let g = 0; g < group.order; g++) {
    keys.append(button(elementName(group, g), () => apply(g), { title: elementWords(group, g), "data-element": g }));
  }
  const reset = button("Start again", () => {
    show(0);
    for (const lit of table.querySelectorAll(".on, .cross")) lit.classList.remove("on", "cross");
    for (const name of ["g", "h", "product"]) delete figure.dataset[name];
    say.textContent = hint;
  });
  const options = Object.fromEntries(Object.keys(groups.tables).map((name) => [name, name.replace("_", " ")]));
  const chosen = choice({
    label: "Group",
    options,
    value: groupName,
    onInput: (name) => {
      play(figure, groups, name);
      figure.querySelector("select").focus();
    },
  });
  const bar = element("div", { class: "demo-bar" }, chosen.node, reset);
  const hint = "Press an element. It acts on the pictures as they now are; the table shows the product.";
  say.textContent = hint;
  const scroll = element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Cayley table" }, table);
  const both = element("div", { class: "pair" }, ...pictures.map((one) => one.svg));
  const stage = element("div", { class: "stage" }, both, keys);
  figure.replaceChildren(bar, element("div", { class: "demo-row" }, stage, scroll), say);
  figure.onkeydown = (event) => {
    if (event.target.closest("select, .scroll") || event.ctrlKey || event.metaKey || event.altKey) return;
    const g = { ArrowLeft: 1 % group.n, ArrowRight: group.n - 1, f: group.order > group.n ? group.n : undefined }[event.key];
    if (g === undefined) return;
    event.preventDefault();
    apply(g);
  };
  for (const name of ["g", "h", "product"]) delete figure.dataset[name];
  show(0);
  figure.dataset.ready = groupName;
}

export async function build(figure) {
  const groups = await NUMBERS;
  play(figure, groups, figure.dataset.group ?? "D_4");
}
