// Draws the server's HTML and gives back what was picked. Every word in it was escaped by ui/charts/markup.py.
export default function ({ parentElement, data, setTriggerValue }) {
  let root = parentElement.querySelector(".charts");
  if (!root) {
    root = parentElement.appendChild(document.createElement("div"));
    root.className = "charts";
  }
  const ground = getComputedStyle(root).getPropertyValue("--st-background-color").trim().match(/[0-9a-f]{2}/gi) ?? ["ff"];
  root.toggleAttribute("data-dark", parseInt(ground[0], 16) < 128);
  if (root.held !== data.html) root.innerHTML = root.held = data.html;
  root.onclick = ({ target }) => {
    const { pick } = target.closest("[data-pick]")?.dataset ?? {};
    if (pick) setTriggerValue("picked", pick);
  };
  document.getElementById("linli-first")?.remove(); // what the document showed of it until now
}
