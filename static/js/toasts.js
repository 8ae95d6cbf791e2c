// Messages after an act: those written by the server, those that come with a fragment, those of other scripts.
// Errors stay until they are closed; others go after a while, unless the pointer or the focus is on them.
(() => {
  "use strict";
  const STAYS_MS = 7000;
  const region = () => document.getElementById("toasts");

  function close(toast) {
    toast.remove();
  }

  function watch(toast) {
    toast.querySelector("[data-toast-close]").addEventListener("click", () => close(toast));
    if (toast.dataset.level === "error") return;
    let timer = 0;
    const start = () => {
      clearTimeout(timer);
      timer = setTimeout(() => close(toast), STAYS_MS);
    };
    const stop = () => clearTimeout(timer);
    toast.addEventListener("pointerenter", stop);
    toast.addEventListener("pointerleave", start);
    toast.addEventListener("focusin", stop);
    toast.addEventListener("focusout", start);
    start();
  }

  function show({ text, level = "info", href = "", link = "" }) {
    const place = region();
    if (!place) return;
    const same = [...place.children].find((one) => one.dataset.level === level && one.querySelector("[data-text]").textContent === text);
    if (same) close(same);
    const toast = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
    toast.dataset.level = level;
    toast.querySelector("[data-text]").textContent = text;
    toast.querySelector("[data-level-word]").textContent = { error: "Error: ", warning: "Warning: " }[level] || "";
    const anchor = toast.querySelector("[data-link]");
    if (href.startsWith("/") && !href.startsWith("//")) {
      anchor.href = href;
      anchor.textContent = link;
      anchor.hidden = false;
    } else {
      anchor.remove();
    }
    if (level === "error") toast.setAttribute("role", "alert");
    place.append(toast);
    watch(toast);
  }

  document.querySelectorAll("[data-toast]").forEach(watch);
  document.addEventListener("toasts", (event) => event.detail.toasts.forEach(show));
  window.mlops = Object.assign(window.mlops || {}, { toast: show });
})();
