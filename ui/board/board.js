// Draws the server's HTML, keeps scroll and focus over updates, gives back what was opened.
// Every word in `data.html` was escaped by ui/board/markup.py.

const mounted = new WeakMap();
const utf8 = new TextDecoder();
const LIT_MS = 6000; // as long as a card (board.css)
const BACK_AFTER_MS = 50; // the dialog gives the focus back itself first, to the body

export default function (component) {
  const root = rootOf(component);
  const held = mounted.get(root) ?? start(root);
  mounted.set(root, held);
  held.send = component.setTriggerValue;
  const data = told(component.data);
  held.table = data.table;
  root.toggleAttribute("data-dark", isDark(root));
  answered(root, held, data.answer); // moves.js
  if (data.html === null) return trust(root, held, data.scope); // live.js
  if (held.html !== data.html && !isStale(held, data)) draw(root, held, data); // live.js
  else redrawn(root, held);
  held.scope = data.scope;
  follow(root, held, data); // live.js
}

// As bytes (ui/board/component.py): Streamlit's own JSON spells a Chinese character in six.
const told = (data) => (data instanceof Uint8Array ? JSON.parse(utf8.decode(data)) : data);

function rootOf({ parentElement }) {
  const found = parentElement.querySelector(".linli");
  if (found) return found;
  const made = document.createElement("div");
  made.className = "linli";
  // what is drawn anew each time, and what stays over it: menus, words, the bar of the chosen
  made.innerHTML = '<div class="drawn"></div><div class="over"></div>';
  parentElement.appendChild(made);
  return made;
}

function start(root) {
  const held = { html: null, scope: null, versions: new Map(), tab: null, send: () => {} };
  root.addEventListener("click", (event) => onClick(event, root, held));
  root.addEventListener("keydown", (event) => onKey(event, root, held));
  root.addEventListener("focusin", (event) => rove(root, event.target.closest("[data-open]")));
  startMoves(root, held); // moves.js
  nameInChinese();
  return held;
}

// What Streamlit calls its own buttons, as a screen reader says it.
const ENGLISH = { Close: "关闭", Open: "展开选项", "Navigate to home page": "回到首页", "App pages": "页面", Logo: "邻里一屏",
  Sidebar: "菜单", "Expand sidebar": "打开菜单", "Collapse sidebar": "收起菜单" };
let renaming = null;

function nameInChinese() {
  const rename = () => {
    for (const element of document.querySelectorAll("button[aria-label], nav[aria-label], section[aria-label], img[alt]")) {
      const name = element.localName === "img" ? "alt" : "aria-label";
      const chinese = ENGLISH[element.getAttribute(name)];
      if (chinese) element.setAttribute(name, chinese);
    }
  };
  renaming ??= new MutationObserver(rename);
  renaming.observe(document.body, { childList: true, subtree: true }); // once more is the same one
  rename();
  document.querySelector('a[href="#stMain"]')?.setAttribute("aria-label", "跳到正文");
}

function isDark(root) {
  const ground = getComputedStyle(root).getPropertyValue("--st-background-color").trim();
  const rgb = ground.match(/^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i);
  const [r, g, b] = rgb ? rgb.slice(1).map((x) => parseInt(x, 16)) : (ground.match(/[\d.]+/g) ?? [255, 255, 255]);
  return 0.3 * r + 0.6 * g + 0.1 * b < 110;
}

function draw(root, held, data) {
  const scrolls = new Map([...root.querySelectorAll(".col")].map((c) => [c.dataset.col, list(c)?.scrollTop ?? 0]));
  const focused = root.getRootNode().activeElement;
  const kept = root.contains(focused) ? focusName(focused) : null;
  putHtml(root.querySelector(".drawn"), data.html); // live.js
  held.html = data.html;
  redrawn(root, held);
  for (const col of root.querySelectorAll(".col")) {
    if (list(col)) list(col).scrollTop = scrolls.get(col.dataset.col) ?? 0;
  }
  if (kept) root.querySelector(kept)?.focus({ preventScroll: true });
  showTab(root, held, held.tab ?? firstTab(root));
  highlight(root, held, data.scope);
  // what the document showed of it until now (web/first_sight.py)
  if (root.querySelector(".board, .group")) document.getElementById("linli-first")?.remove();
}

const list = (col) => col.querySelector(".list");

function focusName(element) {
  const [name, value] = Object.entries(element.dataset)[0] ?? [];
  return name ? `[data-${name}="${CSS.escape(value)}"]` : null;
}

// Mark what changed since the last drawing; a card that a new filter brought in did not change.
function highlight(root, held, scope) {
  const same = held.scope === scope;
  const now = new Map();
  const moved = [];
  for (const card of root.querySelectorAll("[data-open]")) {
    const { open, version } = card.dataset;
    now.set(open, version);
    const before = held.versions.get(open);
    if (before === undefined ? same : before !== version) moved.push(card);
  }
  held.versions = same ? new Map([...held.versions, ...now]) : now;
  const columns = new Set(moved.filter(isOutOfSight).map((card) => card.closest(".col")));
  for (const card of moved) card.classList.add("moved");
  for (const col of columns) for (const head of headsOf(root, col)) lightUp(head);
}

function isOutOfSight(card) {
  const [box, seen] = [card.getBoundingClientRect(), card.closest(".col .list")?.getBoundingClientRect()];
  return seen && (!box.height || box.top > Math.min(seen.bottom, innerHeight) || box.bottom < seen.top);
}

// What one would have to scroll to shows at the column's name, on a telephone at its tab: nothing is scrolled for it.
const headsOf = (root, col) => [col.querySelector("h3"), root.querySelector(`[data-tab="${col.dataset.col}"]`)].filter(Boolean);

function lightUp(head) {
  const boxShadow = ["0 0 0 3px var(--col), 0 0 0 7px var(--brand)", "0 0 0 3px transparent, 0 0 0 7px transparent"];
  for (const before of head.getAnimations()) before.cancel();
  // no class: the next drawing would take it away
  head.animate({ boxShadow }, { duration: LIT_MS / 2, delay: LIT_MS / 2, fill: "backwards" });
}

function firstTab(root) {
  const filled = [...root.querySelectorAll(".col")].find((col) => col.querySelector("[data-open]"));
  return filled?.dataset.col ?? root.querySelector(".col")?.dataset.col;
}

function showTab(root, held, tab) {
  if (!tab) return;
  for (const col of root.querySelectorAll(".col")) col.classList.toggle("on", col.dataset.col === tab);
  for (const button of root.querySelectorAll("[data-tab]")) {
    button.setAttribute("aria-selected", String(button.dataset.tab === tab));
  }
}

function onClick(event, root, held) {
  const target = event.target.closest("[data-open],[data-more],[data-pick],[data-tab]");
  if (!target) return;
  const { open, more, pick, tab } = target.dataset;
  if (open && (event.ctrlKey || event.metaKey || event.shiftKey)) return; // a tab of its own
  event.preventDefault();
  if (tab) showTab(root, held, (held.tab = tab));
  else if (open) openTicket(root, held, open);
  else if (more) held.send("more", more);
  else held.send("picked", pick);
}

const DIALOG = '[role="dialog"]';

function openTicket(root, held, id) {
  held.send("opened", id);
  comeBack(root, held, id);
}

// The keyboard goes on where it was: a dialog's own way back knows nothing of a card in our shadow.
function comeBack(root, held, id) {
  held.back?.disconnect();
  let opened = Boolean(document.querySelector(DIALOG));
  held.back = new MutationObserver(() => {
    opened ||= Boolean(document.querySelector(DIALOG));
    if (!opened || document.querySelector(DIALOG)) return;
    held.back.disconnect();
    const lost = () => document.activeElement === document.body && cardOf(root, id)?.focus({ preventScroll: true });
    setTimeout(lost, BACK_AFTER_MS);
  });
  held.back.observe(document.body, { childList: true, subtree: true });
}

const STEPS = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0] };

function onKey(event, root, held) {
  const card = event.target.closest("[data-open]");
  if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
  if (onCardKey(event, root, held, card)) event.preventDefault();
  else if (event.key === " ") openTicket(root, held, card.dataset.open);
  else if (STEPS[event.key]) neighbour(root, card, ...STEPS[event.key])?.focus();
  else return;
  event.preventDefault();
}

function neighbour(root, card, across, down) {
  const cards = (col) => [...col.querySelectorAll("[data-open]")];
  const own = card.closest(".col") ?? root;
  const place = cards(own).indexOf(card);
  if (down) return cards(own)[place + down];
  const columns = [...root.querySelectorAll(".col")].filter((col) => cards(col).length);
  if (!columns.length) return cards(own)[place + across]; // tiles stand in rows
  const next = columns[columns.indexOf(own) + across];
  return next && cards(next)[Math.min(place, cards(next).length - 1)];
}

// One card a column is reached by Tab, the others by arrows.
function rove(root, card) {
  if (!card) return;
  for (const other of (card.closest(".list") ?? root).querySelectorAll('[data-open][tabindex="0"]')) {
    if (other !== card) other.tabIndex = -1;
  }
  if (card.tabIndex) card.tabIndex = 0;
}
