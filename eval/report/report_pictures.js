// Pictures: those shown twice borrow their data, pairs slide, crops open what they were cut from.

const hiddenImages = JSON.parse(document.getElementById("report-hidden-images").textContent);
const sourceOf = (key) => hiddenImages[key] ?? document.querySelector(`img[data-key="${key}"]`).src;
for (const image of every("img[data-copy]")) image.src = sourceOf(image.dataset.copy);

for (const slider of every(".compare input")) {
  const [before, after] = every(".tag", slider.parentElement).map((tag) => tag.textContent);
  const move = () => {
    slider.parentElement.style.setProperty("--at", `${slider.value}%`);
    slider.setAttribute("aria-valuetext", `${slider.value} % ${before}, ${100 - slider.value} % ${after}`);
  };
  slider.addEventListener("input", move);
  move();
}

const large = document.getElementById("report-large");
let openers = [];
let place = 0;
const show = (next) => {
  place = (next + openers.length) % openers.length;
  const {open, caption} = openers[place].dataset;
  const image = large.querySelector("img");
  image.src = sourceOf(open);
  image.alt = caption;
  large.querySelector("figcaption").textContent = caption;
  large.querySelector(".count").textContent = openers.length > 1 ? `${place + 1} of ${openers.length}` : "";
};
for (const button of every("button.open")) {
  button.addEventListener("click", () => {
    openers = every("button.open", button.closest(".crops, .pictures"));
    show(openers.indexOf(button));
    for (const step of every("[data-step]", large)) step.hidden = openers.length < 2;
    large.showModal();
  });
}
for (const button of every("[data-step]", large)) {
  button.addEventListener("click", () => show(place + Number(button.dataset.step)));
}
large.querySelector("[data-close]").addEventListener("click", () => large.close());
large.addEventListener("click", (event) => { if (event.target === large) large.close(); });
large.addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") show(place - 1);
  if (event.key === "ArrowRight") show(place + 1);
});
// Focus stays with the crop whose picture was seen last.
large.addEventListener("close", () => openers[place]?.focus());
