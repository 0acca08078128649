// One picture large: zoom, pan, people's details, arrows to the next one.
const dialog = document.querySelector("dialog");
const stage = byId("stage"), pane = byId("pane"), svg = pane.querySelector("svg");
const SVG = "http://www.w3.org/2000/svg";
const MAX_ZOOM = 40;
let zoom = 1, middle = { x: .5, y: .5 };
let current = null;

function openLarge(index) {
  current = pictures[index];
  state.picture = index;
  writeHash();
  if (!dialog.open) {
    byId("switches-large").append(byId("switches"));
    dialog.showModal();
    stage.focus();
  }
  zoom = 1;
  middle = { x: .5, y: .5 };
  place();
  showPicture(current);
}

function showPicture(picture) {
  const full = pane.querySelector(".full");
  pane.querySelector(".thumb").src = thumbOf(picture);
  full.removeAttribute("src");
  full.src = addressOf(picture);
  const position = shown.indexOf(picture);
  const hidden = picture.hidden ? `, ${picture.hidden} hidden` : "";
  const people = picture.people === 1 ? "1 person" : `${picture.people} people`;
  byId("caption").textContent = `${picture.file} · ${people}${hidden}`
    + (position < 0 ? "" : ` (${position + 1} of ${shown.length})`);
  byId("details").replaceChildren(element("i", {}, "Point at a person, or tap one, for details."));
  svg.replaceChildren();
  showMap();
  labelsOf(picture).then((labels) => picture === current && drawLabels(picture, labels));
}

function showMap() {
  const address = state.map && mapAddress(current, state.map), map = pane.querySelector(".map");
  if (address) map.src = address;
  else map.removeAttribute("src");
}

function drawLabels(picture, { areas, people }) {
  svg.setAttribute("viewBox", `0 0 ${picture.width} ${picture.height}`);
  const groups = people.map((person) => {
    const group = document.createElementNS(SVG, "g");
    group.setAttribute("class", "person");
    group.append(shapeElement({ layer: person.x ? "hidden" : "area", path: box(person.x && person.w || person.b), area: true }));
    group.append(...personShapes(person).map(shapeElement));
    group.addEventListener("pointerenter", () => svg.querySelector(".chosen") || showDetails(person));
    group.person = person;
    return group;
  });
  // Large people first: a small one before them stays within reach.
  groups.sort((a, b) => b.person.b[2] * b.person.b[3] - a.person.b[2] * a.person.b[3]);
  svg.replaceChildren(...areaShapes(areas).map(shapeElement), ...groups);
  showLayers();
}

function shapeElement({ layer, path, dash, width, colour, area, name }) {
  const made = document.createElementNS(SVG, "path");
  made.setAttribute("d", path);
  made.setAttribute("class", [layer, area && "area", name].filter(Boolean).join(" "));
  made.dataset.layer = layer;
  if (!area) made.style.stroke = colour ?? layerColour[layer];
  if (dash) made.style.strokeDasharray = `${dash} 3`;
  if (width) Object.assign(made.style, { strokeWidth: `calc(${width}px * var(--dot, 1))`, strokeLinecap: "round" });
  return made;
}

function showLayers() {
  for (const path of svg.querySelectorAll("path")) {
    const { layer } = path.dataset;
    path.style.display = layer === "area" || state.labels.has(layer) ? "" : "none";
  }
}

function showDetails(person) {
  byId("details").replaceChildren(element("b", {}, `person ${person.i}`), ...person.t.map(([key, value]) =>
    element("span", {}, element("i", {}, key), element("em", {}, value))));
}

function choosePerson(group) {
  const before = svg.querySelector(".chosen");
  before?.classList.remove("chosen");
  if (!group || group === before) return;
  group.classList.add("chosen");
  showDetails(group.person);
  byId("side").classList.add("open");
}

// The pane gets its size in px rather than a transform: lines keep their width and pictures stay sharp.
function place() {
  if (!current) return;
  const { clientWidth: w, clientHeight: h } = stage;
  const fit = Math.min(w / current.width, h / current.height);
  const width = current.width * fit * zoom, height = current.height * fit * zoom;
  const keep = (part, size, room) => (size <= room ? .5 : Math.min(1 - room / size / 2, Math.max(room / size / 2, part)));
  middle = { x: keep(middle.x, width, w), y: keep(middle.y, height, h) };
  pane.style.width = `${width}px`;
  pane.style.height = `${height}px`;
  pane.style.left = `${w / 2 - middle.x * width}px`;
  pane.style.top = `${h / 2 - middle.y * height}px`;
  // In a small pane people are small, and dots would cover them.
  svg.style.setProperty("--dot", Math.min(1, Math.max(.45, width / 900)));
  pane.classList.toggle("near", fit * zoom > 3);
}

// Zoom so that what lies under (x, y), px in the window, stays there.
function zoomAt(factor, x, y) {
  const before = pane.getBoundingClientRect();
  const at = { x: (x - before.left) / before.width, y: (y - before.top) / before.height };
  zoom = Math.min(MAX_ZOOM, Math.max(1, zoom * factor));
  place();
  const after = pane.getBoundingClientRect();
  pan(x - (after.left + at.x * after.width), y - (after.top + at.y * after.height));
}

function pan(x, y) {
  middle.x -= x / pane.offsetWidth;
  middle.y -= y / pane.offsetHeight;
  place();
}

function zoomMiddle(factor) {
  const { left, top, width, height } = stage.getBoundingClientRect();
  zoomAt(factor, left + width / 2, top + height / 2);
}

function step(by) {
  if (!shown.length) return;
  const position = shown.indexOf(current);
  openLarge(shown[(position + by + shown.length) % shown.length].index);
}

function closeLarge() {
  state.picture = current = null;
  writeHash();
  byId("home").append(byId("switches"));
  pane.querySelector(".full").removeAttribute("src");
}

const actions = {
  previous: () => step(-1), next: () => step(1), in: () => zoomMiddle(1.5), out: () => zoomMiddle(1 / 1.5),
  fit: () => zoomMiddle(0), close: () => dialog.close(),
  side: () => byId("side").classList.toggle("open"),
};
const keys = { ArrowLeft: "previous", ArrowRight: "next", "+": "in", "=": "in", "-": "out", 0: "fit" };

byId("bar").addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (!button) return;
  actions[button.dataset.do]();
  if (button.dataset.do === "side") button.setAttribute("aria-expanded", byId("side").classList.contains("open"));
});
dialog.addEventListener("keydown", (event) => {
  const action = keys[event.key];
  if (!action || event.target.matches("input[type=range], input[type=radio]") || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  actions[action]();
});
dialog.addEventListener("close", closeLarge);

const fingers = new Map();
let travelled = 0;
const between = () => {
  const [a, b] = [...fingers.values()];
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, length: Math.hypot(a.x - b.x, a.y - b.y) };
};
stage.addEventListener("pointerdown", (event) => {
  if (!fingers.size) travelled = 0;
  fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
});
stage.addEventListener("pointermove", (event) => {
  const finger = fingers.get(event.pointerId);
  if (!finger) return;
  const before = fingers.size === 2 ? between() : null;
  const moved = { x: event.clientX - finger.x, y: event.clientY - finger.y };
  fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  travelled += Math.hypot(moved.x, moved.y);
  if (travelled > 4 && !stage.hasPointerCapture(event.pointerId)) stage.setPointerCapture(event.pointerId);
  stage.classList.toggle("moving", travelled > 4);
  if (before) {
    const after = between();
    pan(after.x - before.x, after.y - before.y);
    if (before.length > 0) zoomAt(after.length / before.length, after.x, after.y);
  } else if (fingers.size === 1) {
    pan(moved.x, moved.y);
  }
});
for (const end of ["pointerup", "pointercancel"]) {
  stage.addEventListener(end, (event) => {
    fingers.delete(event.pointerId);
    stage.classList.remove("moving");
  });
}
stage.addEventListener("click", (event) => travelled <= 4 && choosePerson(event.target.closest("g.person")));
stage.addEventListener("dblclick", (event) => zoomAt(zoom > 1 ? 0 : 3, event.clientX, event.clientY));
stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoomAt(Math.exp(-event.deltaY * (event.deltaMode ? .05 : .002)), event.clientX, event.clientY);
}, { passive: false });
new ResizeObserver(place).observe(stage);
changes.addEventListener("look", () => {
  if (!current) return;
  showLayers();
  showMap();
});
changes.addEventListener("picture", () => {
  if (state.picture !== null) openLarge(state.picture);
  else if (dialog.open) dialog.close();
});

showState();
choose();
tell("picture");
