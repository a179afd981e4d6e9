// The wall keeps itself: it follows the push, says when it can't, turns its panels, and is made anew each night.

const TURN_MS = 20000;
const SILENT_MS = 25000; // the server says something every ten seconds
const OLD_MS = 60000;
const [AGAIN_MS, LONGEST_MS] = [1000, 15000];
const [NIGHT, HOUR_MS] = ["04:07", 3600000]; // in that minute, but not twice

const main = document.getElementById("wall");
const asOf = document.getElementById("as-of");
const state = document.getElementById("state");
const clock = document.getElementById("clock");
const dots = document.getElementById("dots");
let pieces = null; // of the drawing, as web/patches.py cuts it
let [socket, tries, heard, aside, panel, turn, held, away, good] = [null, 0, 0, 0, 0, 0, false, false, 0];
const born = performance.now(); // no step of a clock moves it
aside = main.dataset.now - Date.now(); // until the push says it more exactly

const time = (ms, seconds) =>
  new Intl.DateTimeFormat("zh-CN", {
    timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", hour12: false, ...(seconds && { second: "2-digit" }),
  }).format(ms);
const now = () => Date.now() + aside; // a screen's own clock may be wrong

// --- the push --------------------------------------------------------------------------------------

function connect() {
  const address = new URL("live", location.href.replace(/^http/, "ws"));
  address.search = address.hash = "";
  [pieces, good] = [null, 0];
  socket = new WebSocket(address);
  socket.onopen = () => {
    if (away) look(); // it may have come back as a newer build
    away = false;
    const query = Object.fromEntries(new URLSearchParams(location.search));
    socket.send(JSON.stringify({ sub: 1, page: "wall", query, have: "" }));
  };
  socket.onmessage = ({ data }) => hear(JSON.parse(data));
  socket.onclose = ({ code }) => lost(code);
}

function hear(said) {
  heard = Date.now();
  tries = 0;
  if (said.now) aside = said.now - heard;
  if (said.ops) {
    pieces ??= [];
    for (const [from, to, fresh] of said.ops.reverse()) pieces.splice(from, to - from, ...fresh);
    draw(pieces.join(""));
  }
  good = Math.max(good, said.at ?? 0, said.good ?? 0);
  if (pieces && good) asOf.textContent = `数据截至 ${time(good, true)}`;
  // a server that is there but can't read its database
  state.textContent = said.now - good > OLD_MS ? "数据暂时没有更新" : "";
}

async function lost(code) {
  away = true;
  state.textContent = "离线重连中";
  if (code === 4401 || code === 4403) blank();
  const wait = Math.min(AGAIN_MS * 2 ** tries++, LONGEST_MS) * (0.7 + Math.random() * 0.6);
  if (code === 4401 || code === 4403 || tries > 2) await look();
  setTimeout(connect, wait);
}

// Ask for this very page: is one still let in, and is the program still the same?
async function look() {
  try {
    const answer = await fetch(location.href, { redirect: "manual", cache: "no-store" });
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
      tries = 10; // once in a while: it may be given back
      blank();
      if (!main.dataset.screen) location.reload();
    } else if (answer.ok && !(await answer.text()).includes(`data-build="${main.dataset.build}"`)) location.reload();
  } catch {
    // away still: what is on the screen stays there
  }
}

// Nothing may stay on a screen in a hall that is no longer let in: neither a figure nor an alarm.
function blank() {
  const words = main.dataset.screen ? "这块屏幕的许可已收回，请联系管理员。" : "登录已结束，请重新登录。";
  delete main.dataset.html;
  main.replaceChildren(Object.assign(document.createElement("p"), { className: "gone", textContent: words }));
  asOf.textContent = state.textContent = "";
  show(0);
}

// --- what is seen ------------------------------------------------------------------------------------

const told = () => new Map([...main.querySelectorAll("[data-code]")].map((tile) => [tile.dataset.code, tile.textContent]));

function draw(html) {
  const before = told();
  if (main.dataset.html === html) return;
  main.dataset.html = html;
  main.innerHTML = html;
  for (const tile of main.querySelectorAll("[data-code]")) {
    const was = before.get(tile.dataset.code);
    tile.classList.toggle("moved", was !== undefined && was !== tile.textContent);
  }
  show(panel);
}

function show(wanted) {
  const all = [...main.querySelectorAll("section")];
  panel = (wanted + all.length) % (all.length || 1);
  all.forEach((one, n) => one.classList.toggle("on", n === panel));
  dots.innerHTML = all.map((_, n) => `<i class="${n === panel ? "on" : ""}"></i>`).join("");
  const alarms = [...main.querySelectorAll(".alarm li")];
  alarms.forEach((one, n) => one.classList.toggle("on", n === turn % alarms.length));
  document.body.classList.toggle("red", Boolean(main.querySelector(".alarm")));
}

function tick() {
  const said = time(now(), true);
  clock.textContent = said.slice(0, 5);
  if (socket?.readyState === WebSocket.OPEN && Date.now() - heard > SILENT_MS) socket.close(); // a network gone silent
  // a browser that runs for months: begin anew where nobody looks, if the server is there
  if (said.startsWith(NIGHT) && performance.now() - born > HOUR_MS) fetch("healthz").then((answer) => answer.ok && location.reload(), () => {});
}

let asleep = 0;
function wake() {
  document.body.classList.add("awake");
  clearTimeout(asleep);
  asleep = setTimeout(() => document.body.classList.remove("awake"), 4000);
}

addEventListener("pointermove", wake);
addEventListener("keydown", (event) => {
  wake();
  if (event.key === "ArrowRight") show(panel + 1);
  else if (event.key === "ArrowLeft") show(panel - 1);
  else if (event.key === " " && event.target === document.body) held = !held;
});
setInterval(() => {
  turn += 1; // the alarms go on while a panel is held
  show(held ? panel : panel + 1);
}, TURN_MS);
setInterval(tick, 1000);
show(0);
tick();
heard = Date.now();
connect();
