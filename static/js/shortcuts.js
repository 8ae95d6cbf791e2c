// The keyboard: search, go to a page, move in tables, list of keys. Nothing fires while somebody types.
(() => {
  "use strict";
  const CHORD_MS = 1200;
  let chordUntil = 0;

  const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;
  const dialogOpen = () => document.querySelector("dialog[open]") !== null;

  function search() {
    const field = document.querySelector("main [data-search]");
    if (field) {
      field.focus();
      field.select();
      return;
    }
    const dialog = document.getElementById("go-to");
    if (!dialog || dialog.open) return;
    dialog.showModal();
    const filter = dialog.querySelector("input");
    filter.value = "";
    filter.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function go(letter) {
    const link = [...document.querySelectorAll("#navigation a[data-key]")].find((one) => one.dataset.key === letter);
    if (link) link.click();
    return Boolean(link);
  }

  function rows() {
    const table = document.activeElement.closest("table[data-rows]") || document.querySelector("table[data-rows]");
    return table ? [...table.tBodies].flatMap((body) => [...body.rows]) : [];
  }

  function move(step) {
    const all = rows();
    if (!all.length) return;
    const here = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[Math.max(0, Math.min(all.length - 1, here < 0 ? 0 : here + step))];
    const target = next.querySelector("a") || next.querySelector("input, button");
    if (target) target.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  function tick() {
    const row = document.activeElement.closest("tr");
    const box = row && row.querySelector("input[type=checkbox]");
    if (box) box.click();
  }

  function figures() {
    const chart = document.activeElement.closest("[data-chart]") || document.querySelector("[data-chart]");
    const table = chart && chart.querySelector("[data-chart-figures]");
    if (!table) return;
    table.open = !table.open;
    table.querySelector("summary").focus();
  }

  const KEYS = {
    "/": search,
    "?": () => document.getElementById("shortcuts")?.showModal(),
    "[": () => window.mlops.fold(),
    j: () => move(1),
    k: () => move(-1),
    x: tick,
    t: figures,
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      search();
      return;
    }
    // The tick boxes of a table take keys, but nobody types into them.
    const box = event.target.matches("input[type=checkbox], input[type=radio]");
    if (event.ctrlKey || event.metaKey || event.altKey || (typing(event.target) && !box) || dialogOpen()) return;
    if (Date.now() < chordUntil) {
      chordUntil = 0;
      if (go(event.key)) event.preventDefault();
      return;
    }
    if (event.key === "g") {
      chordUntil = Date.now() + CHORD_MS;
      return;
    }
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
})();
