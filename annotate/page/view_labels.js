// The page's data: its index from the start, labels by chunks, and the shapes that both views draw.
const page = JSON.parse(document.querySelector("#page").textContent);
const layerColour = Object.fromEntries(page.layers.map((layer) => [layer.key, layer.colour]));
const pictures = page.pictures.map(([id, file, width, height, people, hidden, maps, doing, time], index) => (
  { index, id, file, width, height, people, hidden, maps, doing, time }
));

const chunks = new Map();
const waiting = new Map();

// Chunks are scripts that call this: a page from a disk may load scripts, but may not fetch.
window.plafondLabels = (chunk, rows) => waiting.get(chunk)(rows);

function loadChunk(chunk) {
  if (!chunks.has(chunk)) {
    chunks.set(chunk, new Promise((resolve, reject) => {
      waiting.set(chunk, resolve);
      const script = document.createElement("script");
      script.src = `${page.files}labels/${chunk}.js`;
      script.onload = () => script.remove();
      script.onerror = () => reject(new Error(`${script.src} is missing; write the page again`));
      document.head.append(script);
    }));
  }
  return chunks.get(chunk);
}

async function labelsOf(picture) {
  const rows = await loadChunk(Math.floor(picture.index / page.chunk));
  const [areas, people] = rows[picture.index % page.chunk];
  return { areas, people };
}

const addressOf = (picture) => page.images + picture.file.split("/").map(encodeURIComponent).join("/");
const thumbOf = (picture) => `${page.files}thumbs/${picture.id}.jpg`;

function mapAddress(picture, key) {
  const place = page.maps.findIndex((map) => map.key === key);
  if (place < 0 || !(picture.maps >> place & 1)) return null;
  const { folder, suffix } = page.maps[place];
  return `${page.files}${folder}/${picture.id}${suffix}`;
}

const polygon = (flat) => {
  let path = "";
  for (let k = 0; k < flat.length; k += 2) path += `${k ? "L" : "M"}${flat[k]} ${flat[k + 1]}`;
  return path + "Z";
};
const box = ([x, y, w, h]) => `M${x} ${y}h${w}v${h}h${-w}Z`;
// A line too short to be seen whose round ends make a dot of constant size.
const dot = (x, y) => `M${x} ${y}h.01`;

function keypointShapes(points) {
  const shapes = [], known = (k) => points[3 * k + 2] > 0, at = (k) => `${points[3 * k]} ${points[3 * k + 1]}`;
  const limbs = page.skeleton.filter(([a, b]) => known(a) && known(b));
  if (limbs.length) shapes.push({ layer: "keypoints", path: limbs.map(([a, b]) => `M${at(a)}L${at(b)}`).join("") });
  for (const [seen, name] of [[2, "seen"], [1, "covered"]]) {
    const dots = [];
    for (let k = 0; 3 * k < points.length; k++) {
      if (points[3 * k + 2] === seen) dots.push(dot(points[3 * k], points[3 * k + 1]));
    }
    if (!dots.length) continue;
    shapes.push({ layer: "keypoints", path: dots.join(""), width: 7, name });
    if (name === "covered") shapes.push({ layer: "keypoints", path: dots.join(""), width: 4, colour: "#101214" });
  }
  return shapes;
}

// Masks first, so that boxes lie over them and small labels over all.
function personShapes(person) {
  if (person.x) return [{ layer: "hidden", path: box(person.w || person.b), dash: 4 }];
  const shapes = [];
  if (person.m) shapes.push({ layer: "mask", path: person.m.map(polygon).join("") });
  if (person.w) shapes.push({ layer: "whole", path: box(person.w), dash: 2 });
  shapes.push({ layer: "person", path: box(person.b) });
  if (person.r) shapes.push({ layer: "rotated", path: polygon(person.r), dash: 5 });
  if (person.q) shapes.push({ layer: "radius", path: polygon(person.q) });
  if (person.k) shapes.push(...keypointShapes(person.k));
  if (person.h) shapes.push({ layer: "head", path: box(person.h) });
  if (person.c) shapes.push({ layer: "point", path: dot(...person.c), width: 6 });
  return shapes;
}

const areaShapes = (areas) => areas.map((area) => ({ layer: "ignore", path: polygon(area), dash: 5 }));
