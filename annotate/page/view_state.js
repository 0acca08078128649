// What is chosen: layers, map, filters, order, size, the enlarged picture. The address after # keeps it.
const byId = (id) => document.getElementById(id);
const root = document.documentElement;
const state = {
  labels: new Set(page.layers.filter((layer) => layer.on).map((layer) => layer.key)),
  map: "", opacity: 100, search: "", people: 0, activity: "", sort: "", size: 18, picture: null,
};
const usualLabels = [...state.labels].join(",");
let shown = pictures;
const changes = new EventTarget();
const tell = (name) => changes.dispatchEvent(new Event(name));

function writeHash() {
  const words = new URLSearchParams();
  const labels = page.layers.map((layer) => layer.key).filter((key) => state.labels.has(key)).join(",");
  if (state.picture !== null) words.set("picture", pictures[state.picture].id);
  if (labels !== usualLabels) words.set("labels", labels);
  for (const [key, usual] of [["map", ""], ["opacity", 100], ["search", ""], ["people", 0], ["activity", ""], ["sort", ""], ["size", 18]]) {
    if (state[key] !== usual) words.set(key, state[key]);
  }
  history.replaceState(null, "", "#" + words);
}

function readHash() {
  const words = new URLSearchParams(location.hash.slice(1));
  const known = (list, word) => (list.includes(word) ? word : "");
  const number = (key, usual, low, high) => Math.min(high, Math.max(low, parseInt(words.get(key), 10) || usual));
  state.labels = new Set((words.get("labels") ?? usualLabels).split(","));
  state.map = known(page.maps.map((map) => map.key), words.get("map"));
  state.opacity = number("opacity", 100, 1, 100);
  state.search = words.get("search") ?? "";
  state.people = number("people", 0, 0, 1e6);
  state.activity = known(page.activities, words.get("activity"));
  state.sort = known(["name", "most", "fewest"], words.get("sort"));
  state.size = number("size", 18, 8, 60);
  const picture = pictures.findIndex((one) => String(one.id) === words.get("picture"));
  state.picture = picture < 0 ? null : picture;
}

function showState() {
  for (const input of byId("layers").querySelectorAll("input")) input.checked = state.labels.has(input.value);
  for (const input of byId("maps").querySelectorAll("[type=radio]")) input.checked = input.value === state.map;
  for (const key of ["search", "people", "activity", "sort", "size"]) byId(key).value = state[key];
  if (byId("opacity")) byId("opacity").value = state.opacity;
  root.style.setProperty("--map-opacity", state.opacity / 100);
  showLegend();
}

function choose() {
  const words = state.search.toLowerCase(), activity = page.activities.indexOf(state.activity);
  shown = pictures.filter((picture) => picture.people >= state.people
    && (!words || picture.file.toLowerCase().includes(words)) && (activity < 0 || picture.doing[activity] > 0));
  const orders = {
    name: (a, b) => a.file.localeCompare(b.file, "en", { numeric: true }),
    most: (a, b) => b.people - a.people || a.index - b.index,
    fewest: (a, b) => a.people - b.people || a.index - b.index,
  };
  if (state.sort) shown.sort(orders[state.sort]);
  byId("count").textContent = shown.length === pictures.length
    ? `${pictures.length} pictures` : `${shown.length} of ${pictures.length} pictures`;
  tell("choice");
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function makeSwitches() {
  for (const { key, title, colour, count } of page.layers) {
    const input = element("input", { type: "checkbox", id: `show-${key}`, value: key });
    const swatch = element("i", { className: "swatch" });
    swatch.style.setProperty("--layer", colour);
    swatch.dataset.layer = key;
    byId("layers").append(element("label", {}, input, swatch, `${title} `, element("small", {}, count)));
  }
  byId("maps").hidden = !page.maps.length;
  if (!page.maps.length) return;
  for (const key of ["", ...page.maps.map((map) => map.key)]) {
    const input = element("input", { type: "radio", name: "map", value: key, id: `map-${key || "picture"}` });
    byId("maps").append(element("label", {}, input, key || "picture"));
  }
  const slider = element("input", { type: "range", id: "opacity", min: 1, max: 100, ariaLabel: "opacity of the map" });
  byId("maps").append(element("label", { id: "opacity-label" }, "over the picture", slider));
}

function showLegend() {
  const map = page.maps.find((one) => one.key === state.map), legend = byId("legend");
  if (byId("opacity-label")) byId("opacity-label").hidden = !map;
  legend.replaceChildren();
  if (!map) return;
  if (map.scale) {
    const scale = element("i", { className: "scale" });
    scale.style.background = `linear-gradient(to right, ${map.scale.colours.join(",")})`;
    legend.append(element("span", { className: "range" }, map.scale.near, scale, map.scale.far), " along the ray; black: nothing");
  } else if (map.key === "normals") {
    legend.append("red: to the right, green: up in the picture, blue: towards the camera; black: nothing");
  }
  for (const [name, colour] of map.classes ?? []) {
    const swatch = element("i", {});
    swatch.style.background = colour;
    legend.append(element("span", {}, swatch, name));
  }
}

function listen() {
  byId("switches").addEventListener("input", ({ target }) => {
    if (target.type === "checkbox") state.labels[target.checked ? "add" : "delete"](target.value);
    else if (target.id === "opacity") state.opacity = Number(target.value);
    else state.map = target.value;
    showState();
    writeHash();
    tell("look");
  });
  byId("filters").addEventListener("input", ({ target }) => {
    state[target.id] = ["people", "size"].includes(target.id) ? Number(target.value) : target.value;
    writeHash();
    if (target.id === "size") tell("size");
    else choose();
  });
  addEventListener("hashchange", () => {
    readHash();
    showState();
    choose();
    tell("look");
    tell("picture");
  });
}

makeSwitches();
for (const name of page.activities) byId("activity").append(element("option", { value: name }, `with ${name}`));
byId("activity").hidden = !page.activities.length;
readHash();
listen();
