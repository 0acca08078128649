// Tables that sort, what a column says, commands that are copied, the part of the page that is being read.

const every = (selector, within = document) => [...within.querySelectorAll(selector)];

for (const frame of every(".table")) {
  const body = frame.querySelector("tbody");
  const headings = every("thead th", frame);
  const select = frame.querySelector("select");
  const asWritten = [...body.rows];
  let shown = {column: null, down: false};

  const valueOf = (row, column) => row.cells[column + 1].dataset.sort;
  const missing = (text) => text === "";
  const compare = (one, other) => {
    const numbers = [Number(one), Number(other)];
    if (numbers.every(Number.isFinite)) return numbers[0] - numbers[1];
    return one.localeCompare(other, "en", {numeric: true});
  };

  const sortBy = (column, down) => {
    shown = {column, down};
    const rows = [...asWritten];
    if (column !== null) {
      rows.sort((one, other) => {
        const [a, b] = [valueOf(one, column), valueOf(other, column)];
        if (missing(a) || missing(b)) return missing(a) - missing(b);
        return down ? compare(b, a) : compare(a, b);
      });
    }
    body.append(...rows);
    headings.forEach((heading, place) => {
      const sorted = column !== null && place === column + 1;
      heading.setAttribute("aria-sort", sorted ? (down ? "descending" : "ascending") : "none");
    });
    select.value = column === null ? "" : String(column);
  };

  for (const button of every("thead button", frame)) {
    button.addEventListener("click", () => {
      const column = Number(button.dataset.column);
      const first = button.dataset.down === "1";
      if (shown.column !== column) sortBy(column, first);
      else if (shown.down === first) sortBy(column, !first);
      else sortBy(null, false);
    });
  }
  select.addEventListener("change", () => {
    if (select.value === "") return sortBy(null, false);
    const button = frame.querySelector(`thead button[data-column="${select.value}"]`);
    sortBy(Number(select.value), button.dataset.down === "1");
  });
}

const tip = document.getElementById("report-tip");
const showTip = (element) => {
  tip.textContent = element.dataset.hint;
  tip.hidden = false;
  const place = element.getBoundingClientRect();
  const left = Math.min(place.left, document.documentElement.clientWidth - tip.offsetWidth - 8);
  const above = place.top - tip.offsetHeight - 6;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${above > 4 ? above : place.bottom + 6}px`;
};
const hideTip = () => { tip.hidden = true; };
for (const element of every("[data-hint]")) {
  element.addEventListener("pointerenter", () => showTip(element));
  element.addEventListener("focus", () => showTip(element));
  element.addEventListener("pointerleave", hideTip);
  element.addEventListener("blur", hideTip);
}
addEventListener("scroll", hideTip, {passive: true, capture: true});
addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });

for (const button of every("button.copy")) {
  button.addEventListener("click", async () => {
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "copied";
    } catch {
      // A page from the disk may not be allowed to: what is marked can be copied by hand.
      getSelection().selectAllChildren(code);
      button.textContent = "marked";
    }
    setTimeout(() => { button.textContent = "copy"; }, 2000);
  });
}

const links = new Map(every("nav a").map((link) => [link.hash.slice(1), link]));
const inView = new Set();
const reading = new IntersectionObserver((changes) => {
  for (const change of changes) inView[change.isIntersecting ? "add" : "delete"](change.target.id);
  const current = every("main > section").map((section) => section.id).find((id) => inView.has(id));
  for (const [id, link] of links) {
    if (id !== current) { link.removeAttribute("aria-current"); continue; }
    link.setAttribute("aria-current", "true");
    const bar = link.closest("ul");
    if (bar.scrollWidth > bar.clientWidth) bar.scrollLeft = link.offsetLeft - bar.offsetLeft - 24;
  }
}, {rootMargin: "-15% 0px -60% 0px"});
for (const section of every("main > section")) reading.observe(section);

addEventListener("beforeprint", () => { for (const details of every("details")) details.open = true; });
