/* Start of a deck: first the formulas, then the slides. `data-ready` on <html> says that both are there. */
window.MathJax = {
  tex: { inlineMath: [["\\(", "\\)"]], displayMath: [["\\[", "\\]"]] },
  svg: { fontCache: "local", displayAlign: "left", scale: 0.92 }, // each formula stands alone, so that the notes' window can show it too
  options: { enableMenu: false, enableAssistiveMml: true },
  startup: {
    pageReady: async () => {
      await MathJax.startup.defaultPageReady();
      // The notes' window has no style sheet that hides the spoken form.
      document.querySelectorAll("aside.notes mjx-assistive-mml").forEach((spoken) => spoken.remove());
      fitFormulas();
      await Reveal.initialize({
        width: 1280,
        height: 720,
        margin: 0,
        center: false,
        hash: true,
        transition: "none",
        controls: false, // keys, a presenter's clicker and swiping all work
        plugins: [RevealNotes],
      });
      document.documentElement.dataset.ready = "true";
    },
  },
};

/* A formula that is wider than the slide becomes smaller, down to 28 px; slides are hidden now, so a copy is measured. */
function fitFormulas() {
  const probe = document.createElement("div");
  probe.style.cssText = "position: absolute; visibility: hidden; width: max-content; font: 100px Inter, sans-serif";
  document.body.append(probe);
  for (const formula of document.querySelectorAll(".formulas > div")) {
    probe.replaceChildren(formula.firstElementChild.cloneNode(true));
    const width = probe.querySelector("svg").getBoundingClientRect().width;
    formula.style.fontSize = `min(1em, max(28px, ${Math.floor((100 * 1150) / width)}px))`;
  }
  probe.remove();
}
