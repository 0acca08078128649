// The grid: of any number of pictures only those near the window are in the document.
const grid = byId("grid");
const cards = new Map();
const GAP = 12, CAPTION = 30, AHEAD = 600;
let cell = { columns: 1, width: 320, frame: 240, row: 282 };

function layOut() {
  const wanted = state.size * parseFloat(getComputedStyle(root).fontSize);
  const columns = Math.max(1, Math.floor((grid.clientWidth + GAP) / (Math.min(wanted, grid.clientWidth) + GAP)));
  const width = (grid.clientWidth - GAP * (columns - 1)) / columns;
  // One height for all rows, so that the place of every picture is known without looking at it.
  const frame = Math.round(width * pictures[0].height / pictures[0].width);
  cell = { columns, width, frame, row: frame + CAPTION + GAP };
  const rows = Math.ceil(shown.length / columns);
  grid.style.height = `${Math.max(0, rows * cell.row - GAP)}px`;
  clear();
  fill();
}

function clear() {
  for (const card of cards.values()) card.remove();
  cards.clear();
}

function fill() {
  const top = -grid.getBoundingClientRect().top;
  const first = Math.max(0, Math.floor((top - AHEAD) / cell.row)) * cell.columns;
  const last = Math.min(shown.length, Math.ceil((top + innerHeight + AHEAD) / cell.row) * cell.columns);
  for (const [place, card] of cards) {
    if (place < first || place >= last) {
      card.remove();
      cards.delete(place);
    }
  }
  const fresh = [];
  for (let place = first; place < last; place++) {
    if (!cards.has(place)) cards.set(place, fresh[fresh.push(makeCard(place)) - 1]);
  }
  grid.append(...fresh);
}

function makeCard(place) {
  const picture = shown[place];
  const canvas = element("canvas", { ariaHidden: "true" });
  const thumb = element("img", { className: "thumb", src: thumbOf(picture), alt: "", decoding: "async" });
  const map = element("img", { className: "map", alt: "", decoding: "async" });
  const people = picture.people === 1 ? "1 person" : `${picture.people} people`;
  const frame = element("a", { className: "frame", href: addressOf(picture), ariaLabel: `${picture.file}, ${people}: enlarge` },
    thumb, map, canvas);
  frame.style.height = `${cell.frame}px`;
  const time = picture.time === null ? "" : ` · ${picture.time} s`;
  const card = element("figure", {}, frame, element("figcaption", {},
    element("span", { title: picture.file }, picture.file), element("span", {}, people + time)));
  card.dataset.place = place;
  card.style.width = `${cell.width}px`;
  card.style.height = `${cell.frame + CAPTION}px`;
  const column = place % cell.columns, row = Math.floor(place / cell.columns);
  card.style.transform = `translate(${column * (cell.width + GAP)}px, ${row * cell.row}px)`;
  dress(card);
  return card;
}

// The map of a card, as the switches say; its labels follow when there is time.
function dress(card) {
  const picture = shown[card.dataset.place], map = card.querySelector(".map");
  const address = state.map && mapAddress(picture, state.map);
  if (address) map.src = address;
  else map.removeAttribute("src");
  unpainted.add(card);
  later(paintSome);
}

// Labels are painted for a few milliseconds in each frame, so that scrolling never waits for them. Cards that have left
// the window meanwhile are dropped: of pictures that only flew by nothing is painted and no labels are loaded.
const unpainted = new Set();
const PAINT_MS = 6;
async function paintSome() {
  const end = performance.now() + PAINT_MS;
  while (unpainted.size && performance.now() < end) {
    const [card] = unpainted;
    unpainted.delete(card);
    if (!card.isConnected) continue;
    const picture = shown[card.dataset.place];
    const { areas, people } = await labelsOf(picture);
    if (card.isConnected) paint(card.querySelector("canvas"), picture, [...areaShapes(areas), ...people.flatMap(personShapes)]);
  }
  if (unpainted.size) later(paintSome);
}

function paint(canvas, picture, shapes) {
  const sharp = Math.min(2, devicePixelRatio || 1);
  canvas.width = Math.round(cell.width * sharp);
  canvas.height = Math.round(cell.frame * sharp);
  const scale = Math.min(canvas.width / picture.width, canvas.height / picture.height);
  const context = canvas.getContext("2d");
  const left = (canvas.width - scale * picture.width) / 2, top = (canvas.height - scale * picture.height) / 2;
  context.setTransform(scale, 0, 0, scale, left, top);
  context.lineCap = context.lineJoin = "round";
  for (const { layer, path, dash, width, colour } of shapes) {
    if (!state.labels.has(layer)) continue;
    context.strokeStyle = colour ?? layerColour[layer];
    context.lineWidth = (width ? width / 2 : 1.2) * sharp / scale;
    context.setLineDash(dash ? [dash * sharp / scale, 3 * sharp / scale] : []);
    context.stroke(new Path2D(path));
  }
}

// Does work once in the next frame, however often it is asked for before.
const asked = new Set();
function later(work) {
  if (asked.has(work)) return;
  asked.add(work);
  requestAnimationFrame(() => {
    asked.delete(work);
    work();
  });
}
addEventListener("scroll", () => later(fill), { passive: true });
let gridWidth = 0;
new ResizeObserver(() => {
  if (grid.clientWidth === gridWidth) return;
  gridWidth = grid.clientWidth;
  layOut();
}).observe(grid);
changes.addEventListener("choice", layOut);
changes.addEventListener("size", layOut);
changes.addEventListener("look", () => cards.forEach(dress));
grid.addEventListener("click", (event) => {
  const card = event.target.closest("figure");
  if (!card || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  openLarge(shown[card.dataset.place].index);
});
