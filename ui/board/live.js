// Follows the push: patches what changed into the page that stands. The protocol is in web/live.py.
// A drawing is a row of pieces of text, a card each and what stands between; joined they are the drawing.

const PIECES = /(<li\b[^>]*>[\s\S]*?<\/li>)/;
const CARD = /^<li\b[\s\S]*?\bdata-open=/;
const TICK_MS = 500;
const CUT_AFTER_MS = 2000; // a reconnection quicker than that is nobody's business
const SILENT_MS = 25000; // the server says something every ten seconds
const LATE_MS = 60000; // it looks anew every half minute
const RETRY_MS = [500, 5000];
const SAY_AFTER_MS = 3000;
const SAID_ONE_BY_ONE = 3;
const PATCHED = "linli-patched"; // what the row of figures and the drawer hear
const GONE = { 4401: ["登录已结束，请重新登录", "重新登录"], 4403: ["没有权限看这一页的变化", ""], 4429: ["同时打开的页面太多，请关掉几个", ""] };
const CROWDED = 4429;
const CROWDED_RETRY_MS = 30000;
const OFFLINE = '<svg viewBox="0 0 16 16" width="14" height="14" fill="none" stroke="currentColor" stroke-width="1.6" '
  + 'stroke-linecap="round" aria-hidden="true"><path d="M2 6.2a9 9 0 0112 0M4.4 8.9a5.4 5.4 0 017.2 0M8 12.6v.2M2.5 2.5l11 11"/></svg>';

// --- drawing: cards that did not change keep their element, and with it focus, hover and selection ------------

const split = (html) => html.split(PIECES).filter(Boolean);
const textOf = new WeakMap(); // element of a card → the piece it was made from

function putHtml(into, html, pieces = split(html)) {
  const isCard = pieces.map((piece) => CARD.test(piece) && piece.indexOf("<li", 1) < 0);
  const skeleton = document.createElement("template");
  skeleton.innerHTML = pieces.map((piece, n) => isCard[n] ? `<li data-slot="${n}"></li>` : piece).join("");
  const standing = new Map();
  for (const element of into.querySelectorAll("li")) {
    const text = textOf.get(element);
    if (text) standing.set(text, [...(standing.get(text) ?? []), element]);
  }
  const slots = new Map();
  const fresh = document.createElement("template");
  const texts = pieces.map((piece, n) => (isCard[n] ? standing.get(piece)?.shift() ?? null : undefined));
  fresh.innerHTML = pieces.filter((_, n) => texts[n] === null).join("");
  const made = [...fresh.content.children];
  for (const slot of skeleton.content.querySelectorAll("[data-slot]")) {
    const n = Number(slot.dataset.slot);
    const element = texts[n] ?? made.shift();
    textOf.set(element, pieces[n]);
    slots.set(slot, element);
  }
  weave(into, skeleton.content, slots);
}

function weave(old, fresh, slots) {
  const wanted = new Set([...fresh.childNodes].map((child) => slots.get(child)).filter(Boolean));
  for (const child of [...old.childNodes]) if (textOf.has(child) && !wanted.has(child)) child.remove();
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const card = slots.get(child);
    if (card && card === at) at = at.nextSibling;
    else if (card) old.insertBefore(card, at);
    else if (at && alike(at, child)) {
      if (child.nodeType === Node.ELEMENT_NODE) sameAttributes(at, child), weave(at, child, slots);
      else if (at.data !== child.data) at.data = child.data;
      at = at.nextSibling;
    } else old.insertBefore(filled(child, slots), at);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

const alike = (a, b) => a.nodeName === b.nodeName && !textOf.has(a) && a.dataset?.col === b.dataset?.col;

function filled(child, slots) {
  for (const slot of child.querySelectorAll?.("[data-slot]") ?? []) slot.replaceWith(slots.get(slot));
  return child;
}

function sameAttributes(element, like) {
  if (element.classList.contains("on")) like.classList.add("on"); // taken off and put back, all in it would be styled anew
  for (const { name } of [...element.attributes]) if (!like.hasAttribute(name)) element.removeAttribute(name);
  for (const { name, value } of like.attributes) if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

// --- what the page gave, and whether it is older than what was pushed since ------------------------------------

// A run that began before the last push must not take it back; without a push the run is the truth.
function isStale(held, data) {
  const { live, scope } = held;
  if (!live?.isOpen() || !data.live || scope !== data.scope || asking(live.asked) !== asking(data.live)) return false;
  return data.live.stamp < live.stamp || (data.live.stamp === live.stamp && data.live.at < live.at);
}

// The run sent no board, for what it sent before is kept true by the push; if it is not, a run has to send it after all.
function trust(root, held, scope) {
  redrawn(root, held); // moves.js
  if (held.scope !== scope || !isTrue(held.live)) held.send("resync", Date.now());
}

const isTrue = (live) => live?.part || (live?.isOpen() && live.late <= LATE_MS);

function follow(root, held, data) {
  if (!data.live) return;
  if (data.live.part) return hear(root, held, data);
  held.live ??= startLive(root, held);
  if (isStale(held, data)) overtaken(root, held, data);
  else held.live.drawn(data.live);
}

// A run that the push has overtaken still says what stands beside the board, and which drawer is open.
function overtaken(root, held, data) {
  const { live } = held;
  const [mine, given] = [live.asked.ticket, data.live.ticket];
  live.empty = data.live.empty;
  live.asked = { ...live.asked, ticket: mine?.[0] === given?.[0] ? mine : given };
  if (live.subscribed !== wish(live)) subscribe(held, live);
  if (!live.behind && data.html !== held.html) resync(root, held, live);
}

// The row of figures: another component, told by the one with the connection.
function hear(root, held, data) {
  if (held.live) return isStale(held, data) || Object.assign(held.live, data.live);
  const stop = new AbortController();
  held.live = { ...data.live, open: false, isOpen: () => held.live.open };
  const onPatched = ({ detail }) => {
    if (!root.isConnected) return stop.abort();
    if (detail.view !== held.scope) return;
    Object.assign(held.live, { stamp: detail.stamp, at: detail.at, open: detail.open });
    if (detail.figures === undefined || detail.figures === held.html) return;
    held.html = detail.figures;
    putHtml(root.querySelector(".drawn"), held.html);
  };
  window.addEventListener(PATCHED, onPatched, { signal: stop.signal });
}

// --- the connection --------------------------------------------------------------------------------------------

function startLive(root, held) {
  const live = { socket: null, sub: 0, stamp: 0, at: 0, pieces: [], asked: null, subscribed: "", behind: false };
  Object.assign(live, { retry: RETRY_MS[0], retryAt: 0, cutAt: Date.now(), heardAt: 0, misfits: 0, gone: null });
  const stop = new AbortController();
  live.say = announcer(over(root, '<p class="heard" role="log" aria-live="polite"></p>'));
  live.sign = over(root, '<p class="cut" role="status" aria-live="polite"></p>');
  live.isOpen = () => live.socket?.readyState === WebSocket.OPEN;
  live.drawn = (given) => onDrawn(held, live, given);
  const end = () => {
    stop.abort();
    clearInterval(timer);
    live.socket?.close();
  };
  const tick = () => (root.isConnected ? onTick(root, held, live) : end());
  const timer = setInterval(tick, TICK_MS);
  const at = (name, act) => window.addEventListener(name, act, { signal: stop.signal });
  at("online", () => (live.retryAt = 0, tick()));
  at("offline", () => live.socket?.close());
  document.addEventListener("visibilitychange", tick, { signal: stop.signal });
  connect(root, held, live);
  return live;
}

function onTick(root, held, live) {
  const now = Date.now();
  if (live.isOpen() && now - live.heardAt > SILENT_MS) cut(live);
  if (!live.socket && (!live.gone || live.gone === CROWDED) && now >= live.retryAt) connect(root, held, live);
  if (live.behind && !isBusy(held)) show(root, held, live);
  if (live.cutAt) putAwayForeignWords();
  showSign(live, now);
}

// Streamlit's own dialog says the same in English, and makes the board behind it unreadable to some.
function putAwayForeignWords() {
  for (const dialog of document.querySelectorAll('[data-testid="stDialog"]')) {
    if (!dialog.querySelector('[data-testid="stVerticalBlock"]')) dialog.querySelector('button:is([aria-label="Close"], [aria-label="关闭"])')?.click();
  }
}

// beside the page, wherever the application is mounted
const liveAddress = () => new URL(location.pathname.replace(/\/+$/, "").replace(/[^/]*$/, "live"), location.href.replace(/^http/, "ws")).href;

function connect(root, held, live) {
  const socket = (live.socket = new WebSocket(liveAddress()));
  live.subscribed = "";
  socket.onopen = () => {
    live.heardAt = Date.now();
    subscribe(held, live);
  };
  socket.onmessage = ({ data }) => {
    live.heardAt = Date.now();
    if (live.socket === socket) onMessage(root, held, live, JSON.parse(data));
  };
  socket.onclose = ({ code }) => {
    if (live.socket !== socket) return;
    if (GONE[code]) live.gone = code;
    cut(live);
    if (code === CROWDED) live.retryAt = Date.now() + CROWDED_RETRY_MS;
  };
}

function cut(live) {
  const { socket } = live;
  live.socket = null;
  socket?.close();
  live.cutAt ||= Date.now();
  live.retryAt = Date.now() + live.retry * (0.7 + 0.6 * Math.random());
  live.retry = Math.min(RETRY_MS[1], live.retry * 2);
}

function showSign(live, now) {
  const kind = live.gone ?? (live.cutAt && now - live.cutAt > CUT_AFTER_MS ? "cut" : "");
  if (live.sign.dataset.kind === String(kind)) return;
  live.sign.dataset.kind = kind;
  const [words, link] = GONE[kind] ?? [kind && "离线重连中", ""];
  const again = link ? `<a href="">${link}</a>` : "";
  live.sign.innerHTML = words ? `${OFFLINE}<span>${words}</span>${again}` : "";
  if (again) live.sign.querySelector("a").onclick = (event) => (event.preventDefault(), location.reload());
}

// --- talking ---------------------------------------------------------------------------------------------------

function onDrawn(held, live, given) {
  Object.assign(live, { stamp: given.stamp, at: given.at, asked: given, empty: given.empty });
  const pieces = split(held.html ?? "");
  const same = pieces.length === live.pieces.length && pieces.every((piece, n) => piece === live.pieces[n]);
  live.pieces = pieces;
  if (live.isOpen() && !(same && live.subscribed === wish(live))) subscribe(held, live);
}

const asking = ({ page, query, shown } = {}) => JSON.stringify([page, query, shown]);
const wish = ({ asked }) => JSON.stringify([asked.page, asked.query, asked.shown, asked.ticket?.[0]]);

function subscribe(held, live) {
  const { page, query, shown, ticket, figures } = live.asked ?? {};
  if (!page) return;
  live.subscribed = wish(live);
  live.view = held.scope;
  const { stamp, at } = live;
  const have = packed(live.pieces.map(sumOf));
  live.socket.send(JSON.stringify({ sub: ++live.sub, page, query, shown, stamp, at, have, figures, ticket }));
}

function onMessage(root, held, live, message) {
  Object.assign(live, { cutAt: 0, retry: RETRY_MS[0], gone: null });
  if (message.beat) live.late = message.now - message.good;
  if (message.sub !== live.sub) return;
  if (message.of !== live.pieces.length) return misfit(held, live);
  live.misfits = 0;
  live.late ||= 0; // an answer is the newest there is; the first beat came before it and says nothing
  const { stamp, at, ops, figures, ticket } = message;
  for (const [from, to, pieces] of [...ops].reverse()) live.pieces.splice(from, to - from, ...pieces);
  Object.assign(live, { stamp, at });
  if (figures !== undefined) live.asked.figures = sumOf(figures);
  if (ticket) {
    live.asked.ticket = ticket;
    (window.linliVersions ??= {})[ticket[0]] = ticket[1]; // ui/fresh.py, which may be mounted only later
  }
  if (ops.length && isBusy(held)) live.behind = true;
  else if (ops.length) show(root, held, live);
  const detail = { view: held.scope, stamp, at, figures, ticket, open: true };
  window.dispatchEvent(new CustomEvent(PATCHED, { detail }));
}

// What it is thought to have is not what it has: tell it; if that does not help, have the page run again.
function misfit(held, live) {
  live.misfits += 1;
  if (live.misfits > 3) held.send("resync", Date.now());
  else subscribe(held, live);
}

// A card in the hand, or nobody looking: it is drawn when that is over.
const isBusy = (held) => Boolean(held.drag) || document.hidden;

function show(root, held, live) {
  live.behind = false;
  held.html = live.pieces.join("");
  const before = places(root);
  const own = held.pending?.ticket; // what became of it its answer says
  const kept = focusIn(root);
  putHtml(root.querySelector(".drawn"), held.html, live.pieces);
  redrawn(root, held); // moves.js
  if (kept && !root.contains(root.getRootNode().activeElement)) root.querySelector(kept)?.focus({ preventScroll: true });
  showTab(root, held, held.tab ?? firstTab(root));
  highlight(root, held, held.scope);
  live.say(arrivals(root, before, own));
  resync(root, held, live);
}

// Have the page run when what stands beside the board is no longer true; for a table that is any change.
function resync(root, held, live) {
  if (live.empty === undefined || live.empty !== Boolean(root.querySelector(".drawn [data-open]"))) return;
  live.empty = undefined; // until that run says
  held.send("resync", Date.now());
}

function focusIn(root) {
  const focused = root.getRootNode().activeElement;
  return root.contains(focused) ? focusName(focused) : null;
}

// --- telling ---------------------------------------------------------------------------------------------------

const columnName = (card) => card.closest(".col,.group")?.querySelector("h3")?.firstChild.data.trim() ?? "";
const places = (root) => new Map([...root.querySelectorAll(".drawn [data-open]")].map((card) => [card.dataset.open, placeOf(card)]));
const placeOf = (card) => ({ version: card.dataset.version, column: columnName(card) });

function arrivals(root, before, own) {
  return [...root.querySelectorAll(".drawn [data-open]")].flatMap((card) => {
    const [was, is] = [before.get(card.dataset.open), placeOf(card)];
    if (card.dataset.open === own || was?.version === is.version || (!was && !card.classList.contains("moved"))) return [];
    const no = card.querySelector(".n")?.textContent.trim().split(" ")[0] ?? "";
    return [was?.column === is.column ? `${no} 有变化` : `${no} 到了${is.column}`];
  });
}

// One sentence now and then: a screen reader that is told everything tells nothing.
function announcer(region) {
  let waiting = [];
  let timer = null;
  const speak = () => {
    timer = null;
    const some = region.getRootNode().querySelector(".tile") ? "户" : "张工单";
    region.textContent = waiting.length > SAID_ONE_BY_ONE ? `${waiting.length} ${some}有变化` : waiting.join("，");
    waiting = [];
  };
  return (words) => {
    waiting.push(...words);
    if (waiting.length) timer ??= setTimeout(speak, region.textContent ? SAY_AFTER_MS : 0);
  };
}

// --- sums ------------------------------------------------------------------------------------------------------

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
const UTF8 = new TextEncoder();

function sumOf(text) {
  let sum = -1;
  for (const byte of UTF8.encode(text)) sum = CRC[(sum ^ byte) & 255] ^ (sum >>> 8);
  return (sum ^ -1) >>> 0;
}

function packed(sums) {
  const bytes = new DataView(new ArrayBuffer(sums.length * 4));
  sums.forEach((sum, n) => bytes.setUint32(n * 4, sum, true));
  return btoa(Array.from(new Uint8Array(bytes.buffer), (byte) => String.fromCharCode(byte)).join(""));
}
