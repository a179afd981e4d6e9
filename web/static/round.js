// The round on a phone. Every tap is written into this phone first, each under a key and an id of its own, and
// sent until the server has said what became of it: a reload, a dead spot, a second tab or a second send change
// nothing. What the server says of a stop and what this phone still has to say of it are shown together.
"use strict";
const UNDO_MS = 10000;
const UNDONE_MS = 8000; // how long it says that a tap was taken back
const DEAF_MS = 700; // the second half of a double tap must not answer for the next stop
const DOUBLE_MS = 300; // where it could only show a number, what comes later was meant
const RETRY_MS = [1500, 3000, 6000, 12000, 30000];
const A_BATCH = 50;
const ICONS = { ok: "yes", closed: "no", unclear: "unclear", away: "away", wait: "wait", late: "no" };

let page = JSON.parse(document.getElementById("round").textContent);
const PREFIX = "linli-round:" + page.user + ":";
const memory = new Map(); // what could not be stored: it lives as long as the page
let at = 0; // the stop that is shown
let shown = "start";
let deafUntil = 0;
let undoing = null; // {item, until}
let undone = null; // {words, until}
let sending = false;
let underway = null; // the post that is on its way
let tries = 0;
let timer = 0;

const $ = (selector, within) => (within || document).querySelector(selector);
const all = (selector, within) => [...(within || document).querySelectorAll(selector)];

// --- what this phone holds ------------------------------------------------------------------------------------

function uuid() {
  // crypto.randomUUID is missing without HTTPS, as on an office's own network
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function keep(item) {
  memory.set(item.id, item);
  try {
    localStorage.setItem(PREFIX + item.id, JSON.stringify(item));
  } catch (error) {
    item.fragile = true;
  }
}

function drop(item) {
  memory.delete(item.id);
  try {
    localStorage.removeItem(PREFIX + item.id);
  } catch (error) {
    // it was never stored
  }
}

function items() {
  // read each time: another tab may have written or sent meanwhile
  const found = new Map(memory);
  try {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(PREFIX)) continue;
      const item = JSON.parse(localStorage.getItem(key));
      if (item) found.set(item.id, item);
    }
  } catch (error) {
    // blocked storage: what is in memory has to do
  }
  return [...found.values()].sort((a, b) => a.at - b.at || a.order - b.order);
}

function forgetOld() {
  for (const item of items()) if (item.is === "sent" && item.day !== page.day) drop(item);
}

// --- what is known of a stop ----------------------------------------------------------------------------------

function lastOf(stop, held) {
  const own = held.filter((item) => item.window === stop.window && item.is !== "refused");
  const undone = new Set(own.filter((item) => item.look === "undo").map((item) => item.undoes));
  return own.filter((item) => item.look !== "undo" && !undone.has(item.id)).pop();
}

function stateOf(stop, held) {
  const item = lastOf(stop, held || items());
  if (!item || (item.is === "sent" && item.asOf < page.asOf)) return { is: stop.is, said: stop.said, item };
  const is = { ok: "ok", talked: "ok", closed: "closed", nobody: "closed", unclear: "unclear" }[item.look];
  return { is, said: item.said, item, unsent: item.is !== "sent" };
}

const isOwed = (stop) => stop.is !== "away";
const isOpen = (state) => state.is === "wait" || state.is === "late";

function nextOpen(from, held) {
  const { stops } = page;
  for (let step = 1; step <= stops.length; step++) {
    const index = (from + step) % stops.length;
    if (isOwed(stops[index]) && isOpen(stateOf(stops[index], held))) return index;
  }
  return -1;
}

// --- sending --------------------------------------------------------------------------------------------------

function send() {
  // whoever asks while a post is under way waits for its answer
  underway = underway || post().finally(() => (underway = null));
  return underway;
}

async function post() {
  clearTimeout(timer);
  const waiting = items().filter((item) => item.is === "waiting");
  if (!waiting.length) return;
  sending = true;
  const batch = waiting.slice(0, A_BATCH);
  let went = false;
  try {
    const now = Date.now();
    const looks = batch.map(({ id, window, look, undoes, after, at: when }) => ({ id, window, look, undoes, after, age: now - when }));
    const answer = await fetch("/round/looks", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user: page.user, looks }),
      signal: stopAfter(15000),
    });
    $("#login").hidden = answer.status !== 401 && answer.status !== 403;
    if (answer.ok) {
      const told = await answer.json();
      settle(told);
      went = told.results.every((one) => !one.later);
    }
  } catch (error) {
    // no network, or an answer that broke off: the same ids go again
  }
  sending = false;
  tries = went ? 0 : tries + 1;
  draw();
  if (items().some((item) => item.is === "waiting")) {
    timer = setTimeout(send, went ? 0 : RETRY_MS[Math.min(tries, RETRY_MS.length) - 1]);
  }
}

function stopAfter(ms) {
  const control = new AbortController();
  setTimeout(() => control.abort(), ms);
  return control.signal;
}

function settle(told) {
  const held = new Map(items().map((item) => [item.id, item]));
  for (const { id, ok, why, later } of told.results) {
    const item = held.get(id);
    if (!item || later) continue;
    const undone = item.look === "undo" && held.get(item.undoes);
    // what was never taken needs no taking back
    if (!ok && undone && undone.is === "refused") drop(item);
    else keep({ ...item, is: ok ? "sent" : "refused", why: why || "", asOf: told.page ? told.page.asOf : 0 });
  }
  if (told.page) take(told.page);
}

async function refresh() {
  if (sending) return;
  try {
    const answer = await fetch("/round/now", { signal: stopAfter(15000) });
    $("#login").hidden = answer.status !== 401;
    if (answer.ok) take(await answer.json());
  } catch (error) {
    // offline: what is shown stays
  }
  draw();
}

function take(fresh) {
  const same = fresh.day === page.day && fresh.slot === page.slot && sameStops(fresh.stops, page.stops);
  page = { ...page, ...fresh };
  if (same) return;
  // another day, another slot, somebody else's stop: the list itself is new
  forgetOld();
  if (items().every((item) => item.is !== "waiting")) location.reload();
}

const sameStops = (a, b) => a.length === b.length && a.every((stop, index) => stop.window === b[index].window);

// --- taps -----------------------------------------------------------------------------------------------------

function look(kind) {
  const stop = page.stops[at];
  const said = { ok: stop.yes, closed: stop.no, unclear: "看不清", talked: "见到本人，平安", nobody: "没人应" }[kind];
  const item = { id: uuid(), window: stop.window, look: kind, at: Date.now(), order: items().length, day: page.day,
    code: stop.code, said, is: "waiting" };
  keep(item);
  undone = null;
  undoing = kind === "nobody" ? null : { item, name: stop.name, index: at, until: Date.now() + UNDO_MS };
  send();
  if (kind === "closed" || kind === "nobody") go("closed");
  else onward();
}

function onward() {
  const next = nextOpen(at);
  if (next < 0) return go("done");
  at = next;
  go("stop");
}

function undo() {
  const { item, name, index } = undoing;
  undoing = null;
  undone = { words: name + "：已撤销“" + item.said + "”", until: Date.now() + UNDONE_MS };
  keep({ ...item, id: uuid(), look: "undo", undoes: item.id,
    after: Math.max(0, Date.now() - item.at), at: Date.now(), order: items().length, said: "撤销", is: "waiting" });
  at = index;
  go("stop");
  send();
}

async function numbers() {
  const box = $("#numbers");
  const { window } = page.stops[at];
  box.textContent = "正在查……";
  let told = { error: "现在没有网络，看不到号码。请先敲门，或打下面的值班电话。" };
  try {
    await send(); // what was under way
    await send(); // and what was tapped meanwhile: the numbers open with the incident
    const body = JSON.stringify({ window });
    const answer = await fetch("/round/numbers", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    told = await answer.json();
  } catch (error) {
    // said above
  }
  if (box.dataset.of !== window) return; // they went on to the next stop
  box.textContent = told.error || "";
  for (const { who, phone } of told.numbers || []) {
    const link = document.createElement("a");
    link.className = "button";
    link.href = "tel:" + phone;
    link.textContent = who + " " + phone;
    box.append(link);
  }
}

const DOES = {
  begin: () => { at = page.stops.length - 1; onward(); },
  list: () => go("list"),
  before: () => step(-1),
  after: () => step(1),
  next: onward,
  again: (button) => { at = page.stops.findIndex((stop) => stop.window === button.dataset.window); go("stop"); },
  undo,
  numbers,
  go: (button) => {
    at = page.stops.findIndex((stop) => stop.window === button.closest("li").dataset.window);
    const { is } = stateOf(page.stops[at]);
    go(is === "closed" ? "closed" : "stop");
  },
  noted: (button) => { drop({ id: button.dataset.id }); draw(); },
};

function step(by) {
  at = (at + by + page.stops.length) % page.stops.length;
  go("stop");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || performance.now() < deafUntil - (button.dataset.do === "numbers" ? DEAF_MS - DOUBLE_MS : 0)) return;
  if (button.dataset.look) look(button.dataset.look);
  else if (button.dataset.do) DOES[button.dataset.do](button);
});

// --- drawing --------------------------------------------------------------------------------------------------

function go(name) {
  shown = name;
  deafUntil = performance.now() + DEAF_MS;
  draw();
  scrollTo(0, 0);
  const title = $("#" + name + " h1");
  if (title) title.focus({ preventScroll: true });
}

function draw() {
  const held = items();
  for (const section of all("main > section")) section.hidden = section.id !== (page.stops.length ? shown : "none");
  const owed = page.stops.filter(isOwed);
  const done = owed.filter((stop) => !isOpen(stateOf(stop, held))).length;
  $("#count").textContent = owed.length ? done + "/" + owed.length : "";
  $(".bar").setAttribute("aria-valuenow", done);
  $(".bar i").style.width = owed.length ? (100 * done) / owed.length + "%" : 0;
  drawUndo();
  drawRefused(held);
  drawOffline(held);
  if (page.stops.length) ({ stop: drawStop, closed: drawClosed, list: drawList, done: drawDone }[shown] || (() => {}))(held);
}

function drawStop(held) {
  const stop = page.stops[at];
  const state = stateOf(stop, held);
  name($("#stop"), stop);
  $("#stop .due").textContent = stop.ask + "，" + (stop.from ? stop.from + " 起可以记，" : "") + stop.due + " 前" + (isOpen(state) ? "" : "。已记：" + saidOf(state));
  const late = $("#stop .late");
  late.textContent = stop.standsIn ? "原来的志愿者还没去看，请您代看一眼" : stop.is === "late" ? "已经过了时间，请尽快看一眼" : "";
  late.hidden = !late.textContent;
  $("#stop .yes span").textContent = stop.yes;
  $("#stop .no span").textContent = stop.no;
  // away, and told so: there is nothing to look at
  $("#stop .looks").hidden = !isOwed(stop);
  if (!isOwed(stop)) $("#stop .due").textContent = "今天免查，不用看";
}

function name(section, stop) {
  const title = $("h1", section);
  title.textContent = stop.name;
  if (stop.name !== stop.code) {
    const code = document.createElement("small");
    code.textContent = stop.code;
    title.append(code);
  }
  $(".where", section).textContent = stop.building + stop.place;
}

function toldOf(stop, state) {
  // a desk that nobody has told is called by who stands at the door
  const desk = $("footer a.call");
  const call = "请马上打" + (desk ? desk.textContent.trim() : "电话给社区");
  if (state.unsent) return "还没送出去，" + call;
  if (stop.told === "nowhere") return "消息没有发出，" + call;
  if (stop.told === "taken") return "已告诉社区值班，他们会马上联系您";
  return "正在告诉社区值班，一分钟没人联系您，" + call;
}

function drawClosed(held) {
  const stop = page.stops[at];
  const state = stateOf(stop, held);
  name($("#closed"), stop);
  const asked = state.item && state.item.look === "nobody";
  const steps = asked
    ? [toldOf(stop, state), "请在门口等一等，再敲一敲门"]
    : stop.deaf
      ? ["现在去敲门，重一点：老人听力不好", "没人应，按下面的红色按钮"]
      : ["现在去敲门", "再打电话给老人", "没人应，按下面的红色按钮"];
  $("#closed .steps").replaceChildren(...steps.map((words) => Object.assign(document.createElement("li"), { textContent: words })));
  if ($("#numbers").dataset.of !== stop.window) $("#numbers").textContent = "";
  $("#numbers").dataset.of = stop.window;
  $("#closed .no").hidden = Boolean(asked);
  $("#closed [data-do=next]").textContent = nextOpen(at, held) < 0 ? "看看今天的结果" : "先看下一户";
}

function drawList(held) {
  for (const row of all(".stops li")) {
    const stop = page.stops.find((one) => one.window === row.dataset.window);
    if (!stop) continue;
    const state = stateOf(stop, held);
    row.className = "is-" + state.is;
    $("use", row).setAttribute("href", "#i-" + ICONS[state.is]);
    $(".said", row).textContent = saidOf(state);
  }
}

function saidOf(state) {
  if (!state.item) return state.said;
  return state.said + (state.unsent ? "，已存在手机里，等网络" : " · 已送到");
}

function drawDone(held) {
  const states = page.stops.filter(isOwed).map((stop) => ({ stop, state: stateOf(stop, held) }));
  const named = (is) => states.filter(({ state }) => state.is === is).map(({ stop }) => stop.name).join("、");
  const left = states.filter(({ state }) => isOpen(state)).length;
  $("#done h1").textContent = left ? "还有 " + left + " 户没看" : "看完了，谢谢您！";
  $("#done .thanks").textContent = "今天看了 " + (states.length - left) + " 户，有您看一眼，老人和家里人都安心。";
  const again = named("unclear");
  const closed = named("closed");
  const untold = states.some(({ stop, state }) => state.is === "closed" && (state.unsent || stop.told === "nowhere"));
  $("#done .again").textContent = (again ? again + "看不清，请 15 分钟内再看一眼。" : "") + (closed ? closed + (untold ? "的情况还没送到社区，请现在就打值班电话。" : "还要跟进，社区已经知道。") : "");
  const unclear = states.find(({ state }) => state.is === "unclear");
  const button = $("#done [data-do=again]");
  button.hidden = !unclear;
  if (unclear) {
    button.dataset.window = unclear.stop.window;
    button.textContent = "再看" + unclear.stop.name;
  }
  $("#done .points").textContent = page.points;
  const unsent = held.filter((item) => item.is === "waiting").length;
  $("#done .unsent").textContent = unsent ? "有 " + unsent + " 条还存在手机里，连上网络会自动送出。" : "都已送到。";
}

function drawUndo() {
  const left = undoing ? Math.ceil((undoing.until - Date.now()) / 1000) : 0;
  if (left <= 0) undoing = null;
  if (undone && Date.now() > undone.until) undone = null;
  $("#undo").hidden = !undoing && !undone;
  $("#undo button").hidden = !undoing;
  if (undoing) $("#undo button").textContent = "撤销 " + left;
  const words = undoing ? undoing.name + "：" + undoing.item.said : undone ? undone.words : "";
  // said once to who listens, not with every tick
  if ($("#undo span").textContent !== words) $("#undo span").textContent = words;
}

function drawRefused(held) {
  const refused = held.filter((item) => item.is === "refused");
  $("#refused").replaceChildren(
    ...refused.map((item) => {
      const box = Object.assign(document.createElement("div"), { className: "note bad" });
      box.setAttribute("role", "alert");
      const words = document.createElement("p");
      words.textContent = item.code + "“" + item.said + "”没有记上：" + item.why;
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: "知道了" });
      button.dataset.do = "noted";
      button.dataset.id = item.id;
      box.append(words, button);
      return box;
    }),
  );
}

function drawOffline(held) {
  const waiting = held.filter((item) => item.is === "waiting");
  const urgent = waiting.some((item) => item.look === "closed" || item.look === "nobody");
  const fragile = waiting.some((item) => item.fragile);
  const words = [];
  if (stale()) words.push("这是 " + page.dayWords + "的名单，连上网络就换成今天的。");
  if (waiting.length && tries) {
    words.push(waiting.length + " 条已存在手机里，等网络。");
    if (urgent) words.push("有几户的情况还没送出去，请现在就打值班电话。");
  }
  if (fragile) words.push("这台手机不让暂存，请先不要关这一页。");
  $("#offline").textContent = words.join("");
  $("#offline").hidden = !words.length;
}

function resume() {
  // after a reload in the middle of the walk one button leads on from there
  const held = items();
  const owed = page.stops.filter(isOwed);
  const open = owed.filter((stop) => isOpen(stateOf(stop, held))).length;
  if (owed.length && !open) shown = "done";
  else if (open < owed.length) {
    $("[data-do=begin]").textContent = "接着巡看（还有" + open + "户）";
    $("#start p").textContent = page.dayWords + "，还有 " + open + " 户等您看一眼。";
  }
  draw();
}

function stale() {
  const shanghai = new Date(Date.now() + 8 * 3600 * 1000).toISOString().slice(0, 10);
  return page.stops.length > 0 && shanghai > page.day;
}

// --- the day --------------------------------------------------------------------------------------------------

forgetOld();
resume();
send();
setInterval(drawUndo, 500);
setInterval(() => (document.hidden ? 0 : refresh()), 60000);
addEventListener("online", () => { tries = 0; send().then(refresh); });
addEventListener("storage", draw);
document.addEventListener("visibilitychange", () => (document.hidden ? 0 : send().then(refresh)));
if (navigator.serviceWorker) navigator.serviceWorker.register("/round/worker.js", { scope: "/round" }).catch(() => {});
