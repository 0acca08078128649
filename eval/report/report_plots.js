// Plots: drawn by Bokeh when they come near the window, the others while nothing else happens, so that paper has all.

const darkInks = new Map(Object.entries(JSON.parse(document.getElementById("report-dark-inks").textContent)));
const darkPage = matchMedia("(prefers-color-scheme: dark)");
const drawings = new Map();

const itemOf = (figure) => {
  const text = figure.querySelector("script").textContent;
  if (!darkPage.matches) return JSON.parse(text);
  return JSON.parse(text.replace(/"(#[0-9a-f]{6})"/g, (whole, ink) => `"${darkInks.get(ink) ?? ink}"`));
};

const setVisible = (views, series, visible) => {
  for (const model of views.roots[0].model.document.all_models) if (model.name === series) model.visible = visible;
};

const settled = new Map();
const draw = async (figure) => {
  const drawing = figure.querySelector(".drawing");
  const light = darkPage.matches;
  const views = await Bokeh.embed.embed_item(itemOf(figure), drawing);
  for (const button of every(".legend button[aria-pressed=false]", figure)) setVisible(views, button.dataset.series, false);
  settled.set(figure, {views, light});
  return views;
};
const ensureDrawn = (figure) => {
  if (!drawings.has(figure)) {
    near.unobserve(figure);
    drawings.set(figure, draw(figure));
  }
  return drawings.get(figure);
};

const near = new IntersectionObserver((changes) => {
  for (const change of changes) if (change.isIntersecting) ensureDrawn(change.target);
}, {rootMargin: "400px 0px"});
const figures = every("figure.plot");
for (const figure of figures) near.observe(figure);

const whenIdle = window.requestIdleCallback ?? ((task) => setTimeout(task, 200));
const drawNext = async () => {
  const figure = figures.find((one) => !drawings.has(one));
  if (!figure) return;
  await ensureDrawn(figure);
  whenIdle(drawNext);
};
addEventListener("load", () => whenIdle(drawNext));

for (const button of every(".legend button")) {
  button.addEventListener("click", async () => {
    const visible = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(visible));
    setVisible(await ensureDrawn(button.closest("figure")), button.dataset.series, visible);
  });
}

// A finger does not hover: a tap tells Bokeh that the pointer is there.
for (const drawing of every(".drawing")) {
  let start = null;
  drawing.addEventListener("pointerdown", (event) => { start = [event.clientX, event.clientY]; }, {capture: true});
  drawing.addEventListener("pointerup", (event) => {
    const {clientX, clientY, pointerType} = event;
    if (pointerType !== "touch" || !start || Math.hypot(clientX - start[0], clientY - start[1]) > 10) return;
    const hit = event.composedPath()[0];
    const more = {pointerType: "mouse", isPrimary: true, bubbles: true, composed: true, view: window};
    setTimeout(() => hit.dispatchEvent(new PointerEvent("pointermove", {clientX, clientY, ...more})), 50);
  }, {capture: true});
}

darkPage.addEventListener("change", async () => {
  for (const figure of [...drawings.keys()]) {
    const views = await drawings.get(figure);
    views.clear();
    figure.querySelector(".drawing").replaceChildren();
    drawings.set(figure, draw(figure));
  }
});

// A canvas cannot follow the width of a sheet in time: paper gets a copy that scales. Light inks are turned by the style.
addEventListener("beforeprint", () => {
  for (const [figure, {views, light}] of settled) {
    figure.querySelector(".paper").replaceChildren(views.roots[0].export("auto", true).canvas);
    figure.classList.toggle("light-inks", light);
  }
});
