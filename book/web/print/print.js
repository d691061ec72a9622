/* Makes a page of the site ready for paper: (prefix of names, where the site is) => nothing. */
([prefix, site]) => {
  document.querySelectorAll("details.sd-dropdown").forEach((answer) => (answer.open = true));
  document.querySelectorAll(".toggle-hidden").forEach((answer) => answer.classList.remove("toggle-hidden"));
  const buttons = "a.headerlink, .copybtn, .toggle-button, #pst-back-to-top, #pst-skip-link, #jb-print-docs-body";
  document.querySelectorAll(buttons).forEach((button) => button.remove());
  for (const slider of document.querySelectorAll(".course-slider")) {
    const images = [...slider.querySelectorAll("img")];
    const texts = JSON.parse(slider.querySelector("input").dataset.values);
    const label = slider.querySelector("label").textContent.trim();
    const frames = document.createElement("div");
    frames.className = "frames";
    const count = Math.min(4, images.length);
    for (let k = 0; k < count; k++) {
      const chosen = count === 1 ? 0 : Math.round((k * (images.length - 1)) / (count - 1));
      const cell = document.createElement("div");
      images[chosen].style.display = "block";
      cell.append(images[chosen], `${label}: ${texts[chosen]}`);
      frames.append(cell);
    }
    slider.replaceChildren(frames);
  }
  for (const figure of document.querySelectorAll(".course-slider, .demo")) {
    const hint = document.createElement("p");
    hint.className = "on-site";
    hint.textContent = `This figure moves on the site: ${site}`;
    figure.after(hint);
  }
  // Names are made different from those of all other pages, for all pages become one document.
  for (const target of document.querySelectorAll("[id]")) {
    if (!target.closest("svg")) target.id = prefix + target.id;
  }
  for (const link of document.querySelectorAll("a[href^='#']")) {
    link.setAttribute("href", "#" + prefix + link.getAttribute("href").slice(1));
  }
  // Chromium names only places to which the same page has a link; other pages have links to these.
  const specks = document.createElement("div");
  specks.className = "specks";
  for (const target of document.querySelectorAll("section[id], figure[id], .proof[id], dt[id], span[id]:empty, .cell[id]")) {
    const link = document.createElement("a");
    link.href = "#" + target.id;
    link.textContent = "·";
    specks.append(link);
  }
  document.querySelector("article").append(specks);
}
