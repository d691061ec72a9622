// Starts an interactive figure when it comes near the screen, so that a page of text stays light.
//
// How to write a figure to play with. One module a figure, NAME.mjs in this folder, that exports
//
//   export async function build(figure) { ... figure.replaceChildren(...) }
//
// In a chapter, inside a raw html block (a page in book/ reaches the site's files by ../_static/):
//
//   <figure class="demo" data-demo="NAME">
//   <img src="../_static/data/NAME.webp" width="960" height="320" alt="what the picture shows">
//   <figcaption>What the reader sees who has no script: one sentence.</figcaption>
//   </figure>
//   <script type="module" src="../_static/explorer-loader.mjs"></script>
//
// The picture and its sentence are what shows without JavaScript, in print, and until the module has come. A module
// calls data("NAME") of explorer-numbers.mjs at its top, so that the numbers come with it: once the page is at rest all
// modules are fetched, and from then on the figures need no network, wherever the reader scrolls. If there is a twin for notebooks, data-twin="NAME" names its module in course_lib.widgets, and the generated notebook calls
// NAME_widget() there. When the figure works it carries data-ready; numbers that tests read stand in elements with
// data-number="name" (see explorer-parts.mjs).

const MARGIN = "600px";
const figures = document.querySelectorAll("[data-demo]");
const fetched = (figure) => import(`./${figure.dataset.demo}.mjs`);

async function start(figure) {
  const { build } = await fetched(figure);
  await build(figure);
  figure.dataset.ready ??= "true";
}

function failed(figure, error) {
  const note = document.createElement("p");
  note.setAttribute("role", "status");
  note.textContent = "The interactive figure could not be loaded. Reload the page to try again.";
  figure.append(note);
  throw error;
}

const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      start(target).catch((error) => failed(target, error));
    }
  },
  { rootMargin: MARGIN },
);

function fetchAll() {
  const atRest = window.requestIdleCallback ?? ((then) => setTimeout(then, 1000));
  atRest(() => figures.forEach((figure) => fetched(figure).catch(() => {}))); // tried again, and told, when it comes near
}

for (const figure of figures) near.observe(figure);
if (document.readyState === "complete") fetchAll();
else addEventListener("load", fetchAll);
