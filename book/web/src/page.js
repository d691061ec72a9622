// What every page does by itself, after it has been read in: nothing here is needed to read it.

// Pictures further down are fetched when the page is idle, so that it stays whole when the network goes.
function fetchTheRest() {
  for (const picture of document.querySelectorAll('img[loading="lazy"]')) picture.loading = "eager";
}
addEventListener("load", () => {
  if (navigator.connection?.saveData) return;
  setTimeout(() => (window.requestIdleCallback ?? setTimeout)(fetchTheRest), 2500);
});
