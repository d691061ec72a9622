// Starts an interactive figure when it comes near the screen, so that a page of text stays light.
//
// How to write a figure to play with. One module a figure, NAME.mjs in this folder, that exports
//
//   export async function build(figure) { ... figure.replaceChildren(...) }
//
// In a chapter, inside a raw html block (a page in book/ reaches the site's files by ../_static/):
//
//   <figure class="demo" data-demo="NAME">
//   <img src="../_static/data/NAME.webp" width="640" height="320" loading="lazy" alt="what the picture shows">
//   <figcaption>What the reader sees who has no script: one sentence.</figcaption>
//   </figure>
//   <script type="module" src="../_static/explorer-loader.mjs"></script>
//
// The picture and its sentence are what shows without JavaScript, in print, and until the module has come. If there
// is a twin for notebooks, data-twin="NAME" names its module in course_lib.widgets, and the generated notebook calls
// NAME_widget() there. When the figure works it carries data-ready; numbers that tests read stand in elements with
// data-number="name" (see explorer-parts.mjs).

const MARGIN = "600px";

async function start(figure) {
  const { build } = await import(`./${figure.dataset.demo}.mjs`);
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

for (const figure of document.querySelectorAll("[data-demo]")) near.observe(figure);
