"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const { active, written, page } = document.body.dataset;
  const KEY = "tclp:" + location.pathname;
  const BUSY = 2000, IDLE = 10000, STALE = 150000;

  // The reader's choices survive a reload: in the address if the browser keeps no storage for files.
  const load = () => {
    let text = null;
    try { text = sessionStorage.getItem(KEY); } catch { /* no storage */ }
    try { return JSON.parse(text ?? decodeURIComponent(location.hash.slice(2))) ?? {}; } catch { return {}; }
  };
  const save = () => {
    const focus = document.activeElement;
    state.y = scrollY;
    state.focus = focus && focus.id ? focus.id : null;
    state.open = $("more-failed")?.open ?? false;
    const text = JSON.stringify(state);
    try { sessionStorage.setItem(KEY, text); } catch { history.replaceState(null, "", "#!" + encodeURIComponent(text)); }
  };
  const state = Object.assign({ q: "", s: "", v: "", key: "", down: false, y: 0, paused: false }, load());

  const ago = (then) => {
    const s = Math.max(0, (Date.now() - then) / 1000);
    for (const [size, unit] of [[86400, "day"], [3600, "hour"], [60, "minute"]]) {
      const n = Math.floor(s / size);
      if (n >= 1) return n > 13 && unit === "day" ? null : `${n} ${unit}${n > 1 ? "s" : ""} ago`;
    }
    return s < 10 ? "just now" : "less than a minute ago";
  };
  const times = () => {
    for (const time of document.querySelectorAll("time")) {
      const at = new Date(time.dateTime);
      time.title = at.toLocaleString([], { dateStyle: "full", timeStyle: "medium" });
      time.textContent = ago(at) ?? at.toLocaleDateString([], { dateStyle: "medium" });
    }
    $("stale").hidden = !(Number(active) && Date.now() - new Date(written) > STALE);
  };

  const rows = [...document.querySelectorAll("#table tbody tr")];
  const filter = () => {
    const q = state.q.trim().toLowerCase();
    const verdict = $("verdict").selectedIndex, part = $("verdict").value === "part";
    const number = verdict && !part ? String(5 - verdict) : "";
    let shown = 0;
    for (const row of rows) {
      const d = row.dataset;
      row.hidden = !(d.n.includes(q) && (!state.s || d.s === state.s) && (!number || d.v === number) && (!part || d.c));
      shown += !row.hidden;
    }
    $("shown").textContent = shown === rows.length ? "" : `${shown} of ${rows.length} shown`;
  };
  const sort = () => {
    const body = rows[0]?.parentNode;
    if (!body) return;
    const key = state.key, sign = state.down ? -1 : 1;
    const order = ["processing", "pending", "failed", "completed"];
    const value = (row) => key === "s" ? order.indexOf(row.dataset.s) : key === "v" || key === "f" ? Number(row.dataset[key]) : row.dataset[key];
    const compare = (a, b) => typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
    const sorted = key ? rows.map((row) => [value(row), row]).sort((a, b) => sign * compare(a[0], b[0])).map((pair) => pair[1]) : rows;
    body.append(...sorted);
    for (const th of document.querySelectorAll("th[data-key]")) {
      if (th.dataset.key === key) th.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    }
  };

  $("filters").hidden = rows.length === 0;
  for (const [id, name] of [["find", "q"], ["status", "s"], ["verdict", "v"]]) {
    $(id).value = state[name];
    $(id).addEventListener("input", () => { state[name] = $(id).value; filter(); save(); });
  }
  for (const th of document.querySelectorAll("th[data-key]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.id = "sort-" + th.dataset.key;
    button.textContent = th.textContent.trim();
    th.replaceChildren(button);
    button.addEventListener("click", () => {
      const key = th.dataset.key, first = key === "v" || key === "f" || key === "t";
      if (state.key !== key) { state.key = key; state.down = first; }
      else if (state.down === first) state.down = !first;
      else { state.key = ""; state.down = false; }
      sort();
      save();
    });
  }
  const pause = $("pause");
  const paint = () => { pause.textContent = state.paused ? "Resume updates" : "Pause updates"; };
  pause.hidden = page !== "first";
  pause.addEventListener("click", () => { state.paused = !state.paused; paint(); save(); });

  paint();
  times();
  sort();
  filter();
  if (state.open && $("more-failed")) $("more-failed").open = true;
  history.scrollRestoration = "manual";
  if (state.focus) $(state.focus)?.focus({ preventScroll: true });
  scrollTo(0, state.y);
  addEventListener("load", () => scrollTo(0, state.y));
  addEventListener("pagehide", save);
  setInterval(times, 5000);

  // Loads the page from the drive again, but never while the reader is using it.
  let touched = 0;
  for (const kind of ["input", "keydown", "pointerdown", "wheel", "touchmove"]) addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  const reload = () => {
    const selecting = String(getSelection()) !== "";
    if (state.paused || document.hidden || selecting || Date.now() - touched < 1500) return;
    save();
    location.reload();
  };
  if (page === "first") {
    setInterval(reload, Number(active) ? BUSY : IDLE);
    addEventListener("visibilitychange", reload);
  }
})();
