// What every page does by itself, after it has been read in: nothing here is needed to read it.

// A box that scrolls is a stop of the tab key, one that does not is none; asked when it comes near the screen.
// Until then what the build has guessed from the length of its lines holds.
const guessed = new WeakMap();
const boxes = new IntersectionObserver(
  (seen) => {
    const scrolls = seen.map(
      ({ target: box, isIntersecting }) =>
        isIntersecting && (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight),
    );
    seen.forEach(({ target: box, isIntersecting }, k) => {
      const stop = isIntersecting ? (scrolls[k] ? 0 : -1) : guessed.get(box);
      if (box.tabIndex !== stop) box.tabIndex = stop;
    });
  },
  { rootMargin: "100%" },
);
// Called by the theme for each box of code or output, when the page has opened and when the window has changed its size.
window.courseTabStop = (box) => {
  if (!guessed.has(box)) guessed.set(box, box.tabIndex);
  boxes.unobserve(box);
  boxes.observe(box);
};

document.querySelectorAll("div.math[tabindex]").forEach(window.courseTabStop);

// Pictures further down are fetched when the page is idle, so that it stays whole when the network goes.
function fetchTheRest() {
  for (const picture of document.querySelectorAll('img[loading="lazy"]')) picture.loading = "eager";
}
addEventListener("load", () => {
  if (navigator.connection?.saveData) return;
  setTimeout(() => (window.requestIdleCallback ?? setTimeout)(fetchTheRest), 2500);
});

// The choice of a version, where more than one is served: the same page there, or its first page.
function offerVersions() {
  const versions = window.courseVersions ?? [];
  const place = document.querySelector(".bd-sidebar-primary .sidebar-primary-item");
  if (versions.length < 2 || !place) return;
  const label = document.createElement("label");
  const choice = document.createElement("select");
  label.className = "versions";
  label.append("Version ", choice);
  for (const version of versions) choice.add(new Option(version.name, version.path, version.here, version.here));
  choice.addEventListener("change", async () => {
    const here = new URL(document.documentElement.dataset.content_root, location.href);
    const there = new URL(choice.value, here);
    const page = new URL(location.pathname.slice(here.pathname.length), there);
    const found = await fetch(page, { method: "HEAD" }).catch(() => null);
    location.href = found?.ok ? page : there;
  });
  place.after(label);
}
offerVersions();
