// Moves cards: by dragging, from a card's menu, by keyboard; and takes several together.
// What is offered comes from `data.table` (ui/board/table.py); the server decides again.

const DRAG_FROM_PX = 6; // less is a click with an unsteady hand
const LONG_PRESS_MS = 500;
const ANSWER_WITHIN_MS = 15000;
const TOLD_FOR_MS = 9000;
// what each card gets, as copies: as HTML it would be read anew for each of two hundred
const TOOLS = document.createElement("template");
TOOLS.innerHTML = '<input class="tick" type="checkbox" tabindex="-1"><button class="dots" type="button" tabindex="-1" aria-haspopup="menu">'
  + '<svg viewBox="0 0 20 20" width="20" height="20" fill="currentColor" aria-hidden="true"><circle cx="4" cy="10" r="1.7"/>'
  + '<circle cx="10" cy="10" r="1.7"/><circle cx="16" cy="10" r="1.7"/></svg></button>';
const KEYS = [["↑ ↓ ← →", "在卡片之间移动"], ["回车", "打开工单"], ["M", "移动和操作菜单"], ["X 或空格", "选中，可以多选"],
  ["/", "搜索"], ["N", "登记诉求"], ["Esc", "取消选择，关闭菜单"], ["?", "看这张表"]];

function startMoves(root, held) {
  Object.assign(held, { pending: null, drag: null, told: null, last: null, chosen: new Set(), asked: new Map() });
  const live = over(root, '<p class="heard" role="status" aria-live="polite"></p>');
  held.say = (words) => {
    live.textContent = "";
    setTimeout(() => (live.textContent = words), 60); // the same words twice are heard twice
  };
  held.seen = new IntersectionObserver((entries) => entries.forEach((e) => e.isIntersecting && askMore(held, e.target)));
  root.addEventListener("pointerdown", (event) => press(event, root, held));
  root.addEventListener("dragstart", (event) => held.table && event.preventDefault());
  root.addEventListener("click", (event) => onTool(event, root, held), true);
  const stop = new AbortController();
  document.addEventListener("keydown", (event) => root.isConnected ? onPageKey(event, root, held) : stop.abort(), stop);
}

function over(root, html) {
  const made = document.createElement("div");
  made.innerHTML = html;
  return root.querySelector(".over").appendChild(made.firstElementChild);
}

const cardOf = (root, id) => root.querySelector(`.col [data-open="${CSS.escape(id)}"]`);
const columnOf = (card) => card.closest(".col")?.dataset.col;
const number = (card) => card.querySelector(".n").textContent.trim().split(" ")[0];
const node = (tag, properties, ...inside) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...inside);
  return made;
};

function stepsOf(held, card) {
  const mine = (card.dataset.ties ?? "").split(" ").filter((tie) => tie.slice(1) === held.table.me).map((tie) => tie[0]);
  const steps = held.table.spots[card.dataset.spot]?.steps ?? [];
  const offered = steps.filter((step) => step.ties === null || mine.some((tie) => step.ties.includes(tie)));
  return offered.map((step) => (mine.includes("h") ? step : { ...step, label: step.other }));
}

const stepTo = (held, card, column) => stepsOf(held, card).find((step) => step.to === column);
const whyNot = (held, card, column) => held.table.spots[card.dataset.spot]?.why[column] ?? held.table.no;

// Call it after every change of the cards: the server's drawing, or the push's.
function redrawn(root, held) {
  if (!held.table) return;
  for (const card of root.querySelectorAll(".col [data-open]")) {
    const item = card.parentElement;
    if (!item.querySelector(".dots")) item.append(...tools(card));
    const on = held.chosen.has(card.dataset.open);
    item.querySelector(".tick").checked = on;
    item.classList.toggle("chosen", on);
  }
  for (const id of held.chosen) if (!cardOf(root, id)) held.chosen.delete(id);
  showBar(root, held);
  if (held.pending) place(root, held);
  if (held.drag?.ghost) light(root, held);
  held.seen.disconnect();
  for (const more of root.querySelectorAll(".more")) held.seen.observe(more);
}

function tools(card) {
  const about = number(card);
  const [tick, dots] = TOOLS.content.cloneNode(true).children;
  dots.setAttribute("aria-label", `${about} 的操作`);
  tick.hidden = !card.dataset.spot;
  tick.setAttribute("aria-label", `选中 ${about}`);
  return [tick, dots];
}

function askMore(held, button) {
  if (held.asked.get(button.dataset.more) === held.html) return; // once a drawing
  held.asked.set(button.dataset.more, held.html);
  held.send("more", button.dataset.more);
}

// --- dragging ------------------------------------------------------------------------------------

function press(event, root, held) {
  const card = event.target.closest(".col [data-open]");
  if (!held.table || !card?.dataset.spot || event.button || event.shiftKey || event.ctrlKey || event.metaKey) return;
  if (event.pointerType === "mouse") startDrag(event, root, held, card);
  else longPress(root, held, card);
}

function startDrag(start, root, held, card) {
  if (held.pending || held.drag) return;
  const stop = new AbortController();
  const on = (name, act) => window.addEventListener(name, act, { signal: stop.signal, capture: true });
  const drag = (held.drag = { id: card.dataset.open, ghost: null, x: start.clientX, y: start.clientY, over: null });
  const clear = () => {
    drag.ghost?.remove();
    held.drag = null;
    for (const col of root.querySelectorAll(".col")) col.classList.remove("yes", "no", "over");
    cardOf(root, drag.id)?.classList.remove("lifted");
  };
  on("pointermove", (event) => {
    Object.assign(drag, { x: event.clientX, y: event.clientY });
    const far = Math.hypot(drag.x - start.clientX, drag.y - start.clientY) > DRAG_FROM_PX;
    if (held.drag === drag && (drag.ghost || far)) carry(root, held, drag);
  });
  on("keydown", (event) => {
    if (event.key !== "Escape" || !drag.ghost) return;
    event.stopPropagation();
    clear();
  });
  on("pointercancel", () => (clear(), stop.abort()));
  on("pointerup", () => {
    const [lifted, dropped] = [drag.ghost, held.drag === drag && drag.over];
    clear();
    stop.abort();
    if (lifted) swallowClick();
    const now = cardOf(root, drag.id);
    if (lifted && dropped && now) moveTo(root, held, now, dropped);
  });
}

function carry(root, held, drag) {
  const card = cardOf(root, drag.id);
  if (!card) return;
  if (!drag.ghost) {
    drag.ghost = root.querySelector(".over").appendChild(card.cloneNode(true));
    drag.ghost.removeAttribute("data-open");
    drag.ghost.classList.add("ghost");
    drag.ghost.style.width = `${card.offsetWidth}px`;
    requestAnimationFrame(function scroll() {
      if (held.drag !== drag) return;
      scrollNear(root, drag);
      requestAnimationFrame(scroll);
    });
  }
  const under = [...root.querySelectorAll(".col")].find((col) => holds(col.getBoundingClientRect(), drag));
  drag.over = under?.dataset.col ?? null;
  light(root, held);
  drag.ghost.dataset.why = under?.dataset.why ?? "";
  const within = (at, size, most) => Math.min(at + 8, most - size - 8); // the words below it are read to their end
  const [x, y] = [within(drag.x, drag.ghost.offsetWidth, innerWidth), within(drag.y, drag.ghost.offsetHeight, innerHeight)];
  drag.ghost.style.transform = `translate(${x}px, ${y}px)`;
}

const holds = (box, at) => at.x >= box.left && at.x <= box.right && at.y >= box.top && at.y <= box.bottom;

function light(root, held) {
  const card = cardOf(root, held.drag.id);
  card?.classList.add("lifted");
  for (const col of card ? root.querySelectorAll(".col") : []) {
    const { col: name } = col.dataset;
    const own = name === columnOf(card);
    const step = !own && stepTo(held, card, name);
    col.classList.toggle("yes", Boolean(step));
    col.classList.toggle("no", !own && !step);
    col.classList.toggle("over", name === held.drag.over);
    col.dataset.why = step ? step.label : own ? "" : whyNot(held, card, name);
  }
}

function scrollNear(root, drag) {
  const near = root.querySelector(`.col[data-col="${drag.over}"] .list`);
  const box = near?.getBoundingClientRect();
  if (box && drag.y < box.top + 40) near.scrollTop -= 10;
  else if (box && drag.y > Math.min(box.bottom, innerHeight) - 40) near.scrollTop += 10;
}

function swallowClick() {
  const stop = new AbortController();
  const swallow = (event) => (event.preventDefault(), event.stopPropagation());
  window.addEventListener("click", swallow, { capture: true, signal: stop.signal });
  setTimeout(() => stop.abort(), 50);
}

function longPress(root, held, card) {
  const stop = new AbortController();
  const over = () => (clearTimeout(timer), stop.abort());
  const choosing = () => {
    over();
    swallowTap();
    choose(root, held, card);
  };
  const timer = setTimeout(choosing, LONG_PRESS_MS);
  const on = (name, act) => window.addEventListener(name, act, { capture: true, signal: stop.signal });
  for (const name of ["pointerup", "pointercancel", "scroll"]) on(name, over);
  on("contextmenu", (event) => (event.preventDefault(), choosing())); // some telephones find a press long before we do
}

// The finger is still down: neither the link's own menu nor the click that ends the press is meant.
function swallowTap() {
  const stop = new AbortController();
  const on = (name, act) => window.addEventListener(name, act, { capture: true, signal: stop.signal });
  for (const name of ["click", "contextmenu"]) on(name, (event) => (event.preventDefault(), event.stopPropagation()));
  for (const name of ["pointerup", "pointercancel"]) on(name, () => setTimeout(() => stop.abort(), 60));
}

// --- a move, and its answer ----------------------------------------------------------------------

function moveTo(root, held, card, column) {
  if (column === columnOf(card)) return;
  const step = stepTo(held, card, column);
  if (step) go(root, held, card, step);
  else tell(root, held, { words: `${number(card)} ${whyNot(held, card, column)}`, bad: true });
}

const nonce = () => [...crypto.getRandomValues(new Uint8Array(12))].map((n) => n.toString(16).padStart(2, "0")).join("");

function go(root, held, card, step) {
  if (held.pending) return;
  const moved = { ticket: card.dataset.open, version: Number(card.dataset.version), do: step.do, column: step.to, nonce: nonce() };
  moved.followed = isTrue(held.live); // live.js: the push shows what becomes of it, the run need not
  const timer = setTimeout(() => {
    const { taken } = held.pending;
    putBack(root, held);
    if (taken) return held.send("resync", Date.now());
    tell(root, held, { words: `${number(card)} 没有收到回答，请看看再试。`, bad: true });
  }, ANSWER_WITHIN_MS);
  held.pending = { ...moved, timer, mark: document.createComment("was here") };
  held.say(`${number(card)} ${step.label}，请稍候`);
  place(root, held);
  held.send("moved", moved);
}

// Shown where it goes until the answer is there and drawn, whatever else is drawn meanwhile.
function place(root, held) {
  const { ticket, column, mark, taken } = held.pending;
  const card = cardOf(root, ticket);
  if (!isAsMoved(root, held)) return taken && putBack(root, held);
  card.setAttribute("aria-busy", "true");
  const target = root.querySelector(`.col[data-col="${column}"] .list`);
  if (target && card.closest(".list") !== target) keepFocus(card, (item) => (item.before(mark), target.prepend(item)));
}

function isAsMoved(root, { pending }) {
  return Number(cardOf(root, pending.ticket)?.dataset.version) === pending.version;
}

function putBack(root, held) {
  const { ticket, mark, timer } = held.pending;
  const same = isAsMoved(root, held);
  clearTimeout(timer);
  held.pending = null;
  const card = cardOf(root, ticket);
  for (const button of root.querySelectorAll(".snack button")) button.disabled = false;
  card?.removeAttribute("aria-busy");
  if (same && mark.isConnected) keepFocus(card, (item) => mark.replaceWith(item));
  else mark.remove();
}

function keepFocus(card, act) {
  const item = card.closest("li");
  const had = item.contains(item.getRootNode().activeElement);
  act(item);
  if (had) card.focus({ preventScroll: true });
}

// Before the drawing: what was refused goes back, what was taken waits to be drawn where it is.
function answered(root, held, answer) {
  if (!answer || answer.nonce === held.told) return;
  const mine = held.pending?.nonce === answer.nonce;
  if (answer.asks) return mine && (clearTimeout(held.pending.timer), comeBack(root, held, held.pending.ticket)); // its form stands open
  held.told = answer.nonce;
  if (mine) held.pending.taken = !answer.bad && Boolean(answer.words);
  if (mine && !(held.pending.taken && isAsMoved(root, held))) putBack(root, held);
  if (answer.keep) held.chosen = new Set(answer.keep);
  if (answer.words) tell(root, held, answer);
}

function tell(root, held, { words, bad, undo, ticket }) {
  root.querySelector(".snack")?.remove();
  const snack = over(root, `<div class="snack${bad ? " bad" : ""}"><span></span></div>`);
  snack.firstChild.textContent = words;
  const back = () => cardOf(root, undo?.ticket ?? ticket)?.focus({ preventScroll: true }); // what has the focus goes away
  const button = (label, act) => snack.append(node("button", { type: "button", textContent: label, onclick: () => (snack.remove(), back(), act()) }));
  if (undo) button(undo.label, () => cardOf(root, undo.ticket) && go(root, held, cardOf(root, undo.ticket), undo));
  if (undo) snack.lastChild.disabled = Boolean(held.pending); // until the card stands where it was moved to
  if (ticket) button("打开", () => openTicket(root, held, ticket));
  button("知道了", () => {});
  setTimeout(() => snack.remove(), bad ? 2 * TOLD_FOR_MS : TOLD_FOR_MS);
  held.say(words);
}

// --- several together ----------------------------------------------------------------------------

function choose(root, held, card, { range = false } = {}) {
  if (!card.dataset.spot || !held.table.together.length) return false;
  const all = [...card.closest(".list").querySelectorAll("[data-spot]")];
  const [from, to] = [all.findIndex((c) => c.dataset.open === held.last), all.indexOf(card)].sort((a, b) => a - b);
  if (range && from >= 0) for (const one of all.slice(from, to + 1)) held.chosen.add(one.dataset.open);
  else if (!held.chosen.delete(card.dataset.open)) held.chosen.add(card.dataset.open);
  held.last = card.dataset.open;
  redrawn(root, held);
  held.say(`已选 ${held.chosen.size} 件`);
  return true;
}

function showBar(root, held) {
  const count = held.chosen.size;
  root.toggleAttribute("data-choosing", count > 0);
  const bar = root.querySelector(".together") ?? (count && over(root, '<div class="together" role="toolbar" aria-label="已选的工单"></div>'));
  if (!count) return bar && bar.remove();
  if (Number(bar.dataset.count) === count) return;
  bar.dataset.count = count;
  const clear = () => (held.chosen.clear(), redrawn(root, held));
  const button = ([name, label]) => node("button", { type: "button", textContent: label, onclick: () => together(root, held, name) });
  bar.replaceChildren(node("b", { textContent: `已选 ${count} 件` }), ...held.table.together.map(button),
    node("button", { type: "button", className: "plain", textContent: "取消", onclick: clear }));
}

function together(root, held, name) {
  const cards = [...held.chosen].map((id) => [id, Number(cardOf(root, id).dataset.version)]);
  held.send("chosen", { cards, do: name, nonce: nonce() });
  comeBack(root, held, held.last);
}

// --- menu, keys, help ----------------------------------------------------------------------------

function onTool(event, root, held) {
  const item = held.table && event.target.closest(".col li");
  const card = item?.querySelector("[data-open]");
  if (!card) return;
  const ticked = event.target.closest(".tick");
  const tapped = held.chosen.size && (event.pointerType === "touch" || event.shiftKey) && event.target.closest("[data-spot]");
  if (event.target.closest(".dots")) openMenu(root, held, card, event.target.getBoundingClientRect());
  else if (ticked || tapped) choose(root, held, card, { range: event.shiftKey });
  else return;
  event.stopPropagation();
  if (!ticked) event.preventDefault();
}

function openMenu(root, held, card, box = card.getBoundingClientRect()) {
  const id = card.dataset.open;
  const item = (label, hint, act) => {
    const made = node("button", { type: "button", tabIndex: -1, onclick: () => (close(), act()) }, label);
    made.setAttribute("role", "menuitem");
    if (hint) made.append(node("i", { textContent: hint, className: hint.startsWith("到") ? "" : "key" }));
    return made;
  };
  const again = (act) => () => cardOf(root, id) && act(cardOf(root, id));
  const into = ({ to }) => (to && to !== columnOf(card) ? `到${held.table.columns[to]}` : "");
  const steps = stepsOf(held, card).map((step) => item(step.label, into(step), again((c) => go(root, held, c, step))));
  const chosen = held.chosen.has(id) ? "取消选中" : "选中";
  const more = [item("打开", "回车", () => openTicket(root, held, id)),
    ...(card.dataset.spot && held.table.together.length ? [item(chosen, "X", again((c) => choose(root, held, c)))] : []),
    item("复制编号", "", () => copy(number(card)).then(() => tell(root, held, { words: `已复制 ${number(card)}` })))];
  const veil = over(root, '<div class="veil"><div class="menu" role="menu"></div></div>');
  const [menu, close] = [veil.firstChild, () => (veil.remove(), cardOf(root, id)?.focus({ preventScroll: true }))];
  menu.setAttribute("aria-label", `${number(card)} 的操作`);
  menu.append(node("p", { textContent: `${number(card)} ${card.querySelector(".t").textContent}` }), ...steps);
  if (steps.length) menu.append(node("hr"));
  menu.append(...more);
  menu.style.left = `${Math.max(8, Math.min(box.right - menu.offsetWidth, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(box.top + 34, innerHeight - menu.offsetHeight - 8))}px`;
  veil.addEventListener("click", (event) => event.target === veil && close());
  veil.addEventListener("keydown", (event) => onMenuKey(event, menu, close));
  menu.querySelector("button").focus({ preventScroll: true });
}

function onMenuKey(event, menu, close) {
  const items = [...menu.querySelectorAll("button")];
  const at = items.indexOf(menu.getRootNode().activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (next !== undefined) items.at(next % items.length).focus();
  else if (event.key === "Escape" || event.key === "Tab") close();
  else if (event.key !== "Enter" && event.key !== " ") return;
  event.stopPropagation();
  if (event.key !== "Enter" && event.key !== " ") event.preventDefault();
}

// A clipboard there is only over https or on the machine itself; the old way works everywhere.
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.body.appendChild(node("textarea", { value: text }));
  field.select();
  document.execCommand("copy");
  field.remove();
}

// Keys of the whole page: silent while somebody types, and while a dialog stands open.
function onPageKey(event, root, held) {
  const at = event.composedPath()[0];
  const typing = at.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable], [role=menuitem], dialog *");
  if (!held.table || typing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.querySelector('[role="dialog"]')) return;
  if (event.key === "/") document.querySelector(".st-key-filter-text input")?.focus();
  else if (event.key.toLowerCase() === "n" && held.table.reports) register(root, held, at);
  else if (event.key === "?" || event.key === "？") help(root);
  else if (event.key === "Escape" && held.chosen.size) (held.chosen.clear(), redrawn(root, held), held.say("已取消选择"));
  else if (/^Arrow(Up|Down)$/.test(event.key) && !event.shiftKey && !at.matches("[role=radio]")) return toCard(event, root, at);
  else return;
  event.preventDefault();
}

function register(root, held, at) {
  held.send("picked", "new");
  const card = at.closest?.("[data-open]");
  if (card) comeBack(root, held, card.dataset.open);
}

// Into the cards, from wherever: the first one, from a card's own tick that card.
function toCard(event, root, at) {
  const near = [...(at.closest(".col li") ?? root).querySelectorAll(".col [data-open]")].find((card) => card.checkVisibility());
  if (near) event.preventDefault();
  near?.focus();
}

function onCardKey(event, root, held, card) {
  const key = event.key.toLowerCase();
  if (!held.table || !["m", "x", " "].includes(key)) return false;
  if (key === "m") openMenu(root, held, card);
  return key === "m" || choose(root, held, card, { range: event.shiftKey });
}

function help(root) {
  const dialog = over(root, '<dialog class="help" aria-label="键盘操作"><h3>键盘操作</h3><dl></dl><button autofocus>关闭</button></dialog>');
  dialog.querySelector("dl").append(...KEYS.flatMap(([key, what]) => [node("dt", { textContent: key }), node("dd", { textContent: what })]));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => (event.target === dialog || event.target.matches("button")) && dialog.close());
  dialog.showModal();
}
