// One beat after another, nine seconds each; Space pauses, the arrows step. On a wall it begins again by itself.

const BEAT_MS = 9000;
const REST_MS = 20000; // on a wall, before it is played anew
const stage = document.getElementById("tour");
let beats = [];
const steps = document.getElementById("steps");
const pause = document.getElementById("pause");
const wall = "wall" in document.body.dataset;
let [beat, playing, timer] = [0, true, 0];

async function begin() {
  const answer = await fetch("/wall/tour?beats", { cache: "no-store" });
  if (answer.redirected) return again(); // to the login
  if (answer.status === 409) return location.replace("/wall/tour?beats"); // it says why not
  if (!answer.ok) throw new Error(answer.status);
  stage.innerHTML = await answer.text();
  beats = [...stage.querySelectorAll(".beat")];
  for (const _ of beats) steps.append(document.createElement("li"));
  show(0);
}

function failed() {
  stage.firstChild.textContent = "演示没有准备好，请点“重新演示”再试一次。";
  if (wall) setTimeout(again, REST_MS);
}

function show(number) {
  beat = Math.max(0, Math.min(number, beats.length - 1));
  beats.forEach((one, n) => { one.hidden = n !== beat; });
  [...steps.children].forEach((dot, n) => { dot.className = n === beat ? "on" : n < beat ? "past" : ""; });
  document.getElementById("back").disabled = beat === 0;
  document.getElementById("next").disabled = beat === beats.length - 1;
  document.body.dataset.beat = beat;
  plan();
}

function plan() {
  clearTimeout(timer);
  const last = beat === beats.length - 1;
  if (last && !wall) playing = false;
  pause.textContent = playing ? "暂停" : "继续";
  pause.disabled = last && !playing;
  steps.classList.toggle("still", !playing);
  if (!playing) return;
  timer = setTimeout(last ? again : () => show(beat + 1), last ? REST_MS : BEAT_MS);
}

function step(by) {
  playing = false;
  show(beat + by);
}

function toggle() {
  playing = !playing;
  plan();
}

const again = () => location.reload();

document.getElementById("back").onclick = () => step(-1);
document.getElementById("next").onclick = () => step(1);
document.getElementById("again").onclick = again;
pause.onclick = toggle;
document.addEventListener("keydown", (event) => {
  const does = { " ": toggle, ArrowRight: () => step(1), ArrowLeft: () => step(-1), Home: () => step(-beats.length) }[event.key];
  if (!does || !beats.length || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault(); // a button that has the focus would take Space as well
  does();
});
for (const name of ["back", "pause", "next"]) document.getElementById(name).disabled = true;
begin().catch(failed);
