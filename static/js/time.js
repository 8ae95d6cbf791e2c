// Times: relative ones stay right while the page is open; the exact local time and UTC stand in the tooltip.
(() => {
  "use strict";
  const UNITS = [[31557600, "y"], [2629800, "mo"], [86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const EVERY_MS = 15000;

  // The same words as mlopspro.core.formats.relative_time.
  function relative(seconds) {
    const size = Math.abs(seconds);
    if (size < 10) return seconds < 0 ? "in a moment" : "just now";
    const [unit, name] = UNITS.find(([length]) => size >= length);
    const text = `${Math.floor(size / unit)}\u202f${name}`;
    return seconds < 0 ? `in ${text}` : `${text} ago`;
  }

  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

  function update(scope) {
    scope.querySelectorAll("time[data-ago]").forEach((time) => {
      const when = new Date(time.dateTime);
      const text = relative((Date.now() - when.getTime()) / 1000);
      if (time.textContent !== text) time.textContent = text;
      if (time.dataset.ago === "") {
        time.dataset.ago = "local";
        time.title = `${exact.format(when)}\n${time.dateTime.replace("T", " ").replace("Z", " UTC")}`;
      }
    });
    scope.querySelectorAll("time[data-clock='']").forEach((time) => {
      const when = new Date(time.dateTime);
      time.textContent = clock.format(when);
      time.title = exact.format(when);
      time.dataset.clock = "local";
    });
  }

  update(document);
  document.addEventListener("htmx:load", (event) => update(event.target));
  setInterval(() => {
    if (!document.hidden) update(document);
  }, EVERY_MS);
})();
