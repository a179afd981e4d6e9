// All of a component's script that travels with every message of a page: the rest is one file with a name of its own
// (ui/board/sent.py), which a browser fetches once and keeps.

const ADDRESS = new URL("./sent/NAME", document.baseURI).href;
const TRIES = 6;
const AGAIN_AFTER_MS = 1000;

// a browser may remember that an address failed: each try is at one of its own
const fetched = (n = 0) =>
  import(n ? `${ADDRESS}?${n}` : ADDRESS).catch((error) => {
    if (n + 1 >= TRIES) throw error;
    return new Promise((done) => setTimeout(done, AGAIN_AFTER_MS)).then(() => fetched(n + 1));
  });
const file = fetched();

export default async function (component) {
  const { default: draw, styles } = await file;
  const at = component.parentElement;
  if (!at.querySelector("style[data-sent]")) {
    const style = document.createElement("style");
    style.dataset.sent = "";
    style.textContent = styles;
    at.prepend(style);
  }
  draw(component);
}
