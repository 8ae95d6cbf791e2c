// The history's table: ticks, the bar that appears with the first one, and ticks that outlive refreshed rows.
(() => {
  "use strict";
  const COMPARE_MIN = 2;
  const COMPARE_MAX = 10;
  const ticked = new Set();
  let last = null;

  const boxes = () => [...document.querySelectorAll("[data-tick]")];

  function words(count) {
    return `${count} ${count === 1 ? "run" : "runs"} ticked`;
  }

  function off(button, why) {
    if (why) {
      button.setAttribute("aria-disabled", "true");
      button.dataset.whyNot = "";
      button.title = why;
    } else {
      button.removeAttribute("aria-disabled");
      delete button.dataset.whyNot;
      button.removeAttribute("title");
    }
  }

  function whyNotCompare(count) {
    if (count < COMPARE_MIN) return `Tick at least ${COMPARE_MIN} runs to compare them.`;
    return count > COMPARE_MAX ? `Up to ${COMPARE_MAX} runs are compared at once; ${count} are ticked.` : "";
  }

  function show() {
    const bar = document.querySelector("[data-selection-bar]");
    if (!bar) return;
    const all = boxes();
    const count = ticked.size;
    bar.classList.toggle("is-shown", count > 0);
    bar.querySelector("[data-selection-count]").textContent = words(count);
    bar.querySelectorAll("[data-compare]").forEach((button) => off(button, whyNotCompare(count)));
    bar.querySelectorAll("[data-only-one]").forEach((button) => off(button, count === 1 ? "" : "Tick one run: there is one baseline at a time."));
    bar.querySelectorAll("[data-question]").forEach((button) => {
      button.setAttribute("hx-confirm", button.dataset.question.replace("{runs}", count === 1 ? "this run" : `these ${count} runs`));
    });
    all.forEach((box) => box.closest("tr").classList.toggle("is-selected", box.checked));
    document.querySelectorAll("[data-tick-all]").forEach((box) => {
      box.checked = count > 0 && count === all.length;
      box.indeterminate = count > 0 && count < all.length;
    });
  }

  function set(box, on) {
    box.checked = on;
    if (on) ticked.add(box.value);
    else ticked.delete(box.value);
  }

  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("[data-tick]");
    if (!box) return;
    const all = boxes();
    if (event.shiftKey && last && all.includes(last)) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      all.slice(from, to + 1).forEach((one) => set(one, box.checked));
    }
    last = box;
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick]")) set(event.target, event.target.checked);
    else if (event.target.matches("[data-tick-all]")) boxes().forEach((box) => set(box, event.target.checked));
    else return;
    show();
  });

  // Enter opens the row; on a tick box it would send the form of the ticks.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("[data-tick]")) return;
    event.preventDefault();
    event.target.closest("tr").querySelector("a")?.click();
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-selection-clear]")) return;
    boxes().forEach((box) => set(box, false));
    show();
  });

  // Rows are replaced while their runs go on, and by every filter; what is still there stays ticked.
  function restore() {
    const all = boxes();
    const present = new Set(all.map((box) => box.value));
    [...ticked].filter((id) => !present.has(id)).forEach((id) => ticked.delete(id));
    all.forEach((box) => {
      box.checked = ticked.has(box.value);
    });
    show();
  }

  // A browser that comes back to the page has kept its ticks.
  window.addEventListener("pageshow", () => {
    boxes().filter((box) => box.checked).forEach((box) => ticked.add(box.value));
    show();
  });
  // At the swap, so that no tick is seen to go out; and once more when htmx has settled the attributes of what it put in.
  document.addEventListener("htmx:afterSwap", restore);
  document.addEventListener("htmx:afterSettle", restore);
  document.addEventListener("htmx:oobAfterSwap", restore);
})();
