// What the page does beyond plain HTML: live figures, keys, a file that is dropped. Everything works without it, slower.
"use strict";

const number = new Intl.NumberFormat("en");

function set(place, figure, text) {
  for (const element of place.querySelectorAll(`[data-figure="${figure}"]`)) {
    if (element.textContent !== text) element.textContent = text;
  }
}

function paceOf(run) {
  if (!run.rows_a_second) return "";
  const left = run.seconds_left === null ? "" : `, about ${duration(run.seconds_left)} left`;
  const pace = run.rows_a_second < 1 ? "less than one row" : `${number.format(Math.round(run.rows_a_second))} rows`;
  return `; ${pace} a second${left}`;
}

function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function showRun(place, run) {
  const finished = run.done + run.failed;
  set(place, "state", run.state);
  set(place, "finished", number.format(finished));
  set(place, "total", number.format(run.total));
  set(place, "failed", number.format(run.failed));
  set(place, "pace", run.state === "running" ? paceOf(run) : "");
  for (const bar of place.querySelectorAll('[data-figure="bar"]')) {
    bar.max = run.total || 1;
    bar.value = run.total ? finished : 0;
  }
}

const isUnderWay = (state) => ["queued", "running", "paused"].includes(state);
// So many runs are told at once; one that is not among fewer is over.
const MOST_RUNS = 20;
const absences = new Map();

// A run that ended before anybody looked is in no news. The first news may be older than the page, so it waits a moment.
function noteAbsence(place, state) {
  const run = place.dataset.run;
  const isAbsent = isUnderWay(place.dataset.state) && state.batches.length < MOST_RUNS &&
    !state.batches.some((each) => String(each.run) === run);
  clearTimeout(absences.get(run));
  if (isAbsent) absences.set(run, setTimeout(reload, 1500));
}

let isSending = false;
addEventListener("submit", (event) => { isSending = event.target.method === "post"; });
addEventListener("pageshow", () => { isSending = false; });

function reload() {
  // Not while somebody has a file in hand, nor once a form is on its way, which would be stopped.
  if (!isSending && !document.querySelector('input[type="file"]:valid')) location.reload();
}

// What the page of a batch shows and offers depends on this.
function kindOf(state) {
  if (state === "paused") return state;
  return isUnderWay(state) ? "under way" : "over";
}

let isConfirmed = false;
let laterReload;

// Whether news is of another kind than the page of the batch, which is then loaded again. News that comes before any
// that agreed with the page may be older than the page: it has a moment to be followed by another.
function differs(place, run) {
  const isOther = kindOf(run.state) !== kindOf(place.dataset.state);
  clearTimeout(laterReload);
  if (isOther) laterReload = setTimeout(reload, isConfirmed ? 0 : 1500);
  else isConfirmed = true;
  return isOther;
}

function showState(state, live) {
  const system = document.getElementById("system");
  if (system) {
    const said = state.fault || systemLine(state);
    if (system.textContent !== said) system.textContent = said;
  }
  if (state.fault) return;
  for (const run of state.batches) {
    const places = document.querySelectorAll(`[data-run="${run.run}"]`);
    // A batch that this list does not have yet.
    if (!places.length && live.dataset.live === "batches" && isUnderWay(run.state)) reload();
    for (const place of places) {
      if (live.dataset.live === "batch" && differs(place, run)) continue;
      showRun(place, run);
      place.dataset.state = run.state;
    }
  }
  document.querySelectorAll("[data-run]").forEach((place) => noteAbsence(place, state));
}

function systemLine(state) {
  const workers = state.workers === 1 ? "1 worker" : `${state.workers} workers`;
  const chunks = state.waiting_chunks === 1 ? "1 chunk waits" : `${number.format(state.waiting_chunks)} chunks wait`;
  const waiting = state.waiting_chunks ? `, ${chunks}` : "";
  return state.workers ? `${workers}, ${state.working} at work${waiting}` : `no worker runs${waiting}`;
}

function watch() {
  const live = document.querySelector("[data-live]");
  if (!live && !document.getElementById("system")) return;
  const source = new EventSource("/progress");
  source.onmessage = (event) => showState(JSON.parse(event.data), live || document.body);
  // A page that nobody looks at needs no news, and one that is left must not keep the connection.
  addEventListener("pagehide", () => source.close());
}

function isTyping(target) {
  return target.closest("input, select, textarea, [contenteditable]") !== null;
}

function reviewKeys(form) {
  // The page is the answer to a form. Loaded again, it is the page of the review.
  if (location.pathname !== "/review") history.replaceState(null, "", form.dataset.place);
  let isSent = false;
  form.addEventListener("submit", () => { isSent = true; });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target) || isSent) return;
    const button = form.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (button) {
      event.preventDefault();
      button.click();
    }
  });
}

function rowKeys(table) {
  const rows = [...table.tBodies[0].rows];
  let place = -1;
  function go(step) {
    if (place >= 0) rows[place].classList.remove("current");
    place = Math.min(Math.max(place + step, 0), rows.length - 1);
    rows[place].classList.add("current");
    const link = rows[place].querySelector("a");
    if (link) link.focus({ preventScroll: true });
    rows[place].scrollIntoView({ block: "nearest" });
  }
  function follow(relation) {
    const link = document.querySelector(`.pager a[rel="${relation}"]`);
    if (link) link.click();
  }
  const keys = { j: () => go(1), k: () => go(-1), n: () => follow("next"), p: () => follow("prev") };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const act = keys[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
  table.tBodies[0].addEventListener("click", (event) => {
    const link = event.target.closest("tr").querySelector("a");
    // A text that is being selected is no click.
    if (link && !event.target.closest("a") && !String(getSelection())) link.click();
  });
}

function dropping(form) {
  const input = form.querySelector('input[type="file"]');
  for (const kind of ["dragenter", "dragover"]) {
    addEventListener(kind, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      form.classList.add("over");
    });
  }
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) form.classList.remove("over"); });
  addEventListener("drop", (event) => {
    form.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    input.files = event.dataTransfer.files;
    form.requestSubmit();
  });
}

// A search that found nothing in its time goes on by itself, as long as somebody looks.
function goOn(link) {
  document.querySelector(".searched")?.insertAdjacentText("beforeend", " It goes on.");
  setTimeout(() => location.replace(link.href), 50);
}

watch();
document.querySelectorAll('form[data-keys="review"]').forEach(reviewKeys);
document.querySelectorAll('table[data-keys="rows"]').forEach(rowKeys);
document.querySelectorAll("form.drop").forEach(dropping);
document.querySelectorAll("select[data-submit]").forEach((select) => {
  select.addEventListener("change", () => select.form.requestSubmit());
});
const searchOn = document.querySelector("a[data-go-on]");
if (searchOn) goOn(searchOn);
