// What every page does by itself, after it has been read in: nothing here is needed to read it.

// A box that scrolls is a stop of the tab key, one that does not is none; asked when it comes near the screen.
const boxes = new IntersectionObserver(
  (seen) => {
    const near = seen.filter((box) => box.isIntersecting).map((box) => box.target);
    const scrolls = near.map((box) => box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight);
    near.forEach((box, k) => (box.tabIndex = scrolls[k] ? 0 : -1));
  },
  { rootMargin: "100%" },
);
// Called by the theme for each box, when the page has opened and when the window has changed its size.
window.courseTabStop = (box) => {
  boxes.unobserve(box);
  boxes.observe(box);
};

// Pictures further down are fetched when the page is idle, so that it stays whole when the network goes.
function fetchTheRest() {
  for (const picture of document.querySelectorAll('img[loading="lazy"]')) picture.loading = "eager";
}
addEventListener("load", () => {
  if (navigator.connection?.saveData) return;
  setTimeout(() => (window.requestIdleCallback ?? setTimeout)(fetchTheRest), 2500);
});
