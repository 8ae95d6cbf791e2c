// How htmx requests behave: versions of polled fragments, errors that people see, buttons that say they are busy.
(() => {
  "use strict";

  // A polled fragment's version goes back with the next question; 304 leaves the page as it is.
  const versions = new Map();
  const nameOf = (config) => `${config.path} → ${config.target ? config.target.id : ""}`;

  document.addEventListener("htmx:configRequest", (event) => {
    const { verb, headers, path, target } = event.detail;
    const version = versions.get(nameOf({ path, target }));
    if (verb === "get" && version) headers["If-None-Match"] = version;
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const { xhr, requestConfig, target } = event.detail;
    const version = xhr && xhr.status < 300 && xhr.getResponseHeader("ETag");
    if (version && requestConfig.verb === "get") versions.set(nameOf({ path: requestConfig.path, target }), version);
  });

  // Polling that fails says so once, not every two seconds, and once more when it is well again.
  let failing = false;

  function polls(element) {
    return /\bevery\b|\bload\b/.test(element.getAttribute("hx-trigger") || "");
  }

  function failed(event, text) {
    if (polls(event.target)) {
      if (failing) return;
      failing = true;
    }
    window.mlops.toast({ text, level: "error" });
  }

  document.addEventListener("htmx:responseError", (event) => {
    const words = {
      403: "You may not do this.",
      404: "This is gone, or it is not yours to see.",
      413: "This is larger than what is accepted.",
      503: "The database does not answer. Nothing was changed; try again in a few seconds.",
    };
    const status = event.detail.xhr.status;
    failed(event, words[status] || `The server could not do this (${status}). Nothing was changed.`);
  });
  document.addEventListener("htmx:sendError", (event) => failed(event, "The server does not answer. Check the connection and try again."));
  document.addEventListener("htmx:timeout", (event) => failed(event, "The server took too long to answer. Try again."));
  document.addEventListener("htmx:swapError", (event) => failed(event, "The answer could not be shown. Reload the page."));
  document.addEventListener("htmx:afterOnLoad", (event) => {
    if (!failing || event.detail.xhr.status >= 400) return;
    failing = false;
    window.mlops.toast({ text: "The connection is back.", level: "success" });
  });

  // Buttons while their form is on its way.
  function busy(form, submitter) {
    if (!submitter || !submitter.dataset.pending || submitter.getAttribute("aria-busy")) return;
    const label = submitter.querySelector("[data-label]") || submitter;
    submitter.dataset.idleLabel = label.textContent;
    submitter.setAttribute("aria-busy", "true");
    label.textContent = submitter.dataset.pending;
  }

  function idle(scope) {
    scope.querySelectorAll("[data-idle-label]").forEach((button) => {
      (button.querySelector("[data-label]") || button).textContent = button.dataset.idleLabel;
      delete button.dataset.idleLabel;
      button.removeAttribute("aria-busy");
    });
  }

  document.addEventListener("submit", (event) => {
    const { target, submitter } = event;
    if (submitter && submitter.getAttribute("aria-busy")) {
      event.preventDefault();
      return;
    }
    if (!event.defaultPrevented || target.matches("[hx-post], [hx-get]")) busy(target, submitter);
  });
  document.addEventListener("htmx:afterRequest", (event) => idle(event.target));
  window.addEventListener("pageshow", () => idle(document));

  // After a refused form the first thing said is what is wrong with it.
  function announceErrors(scope) {
    const errors = scope.querySelector("[data-form-errors]");
    if (errors) errors.focus();
  }

  announceErrors(document);
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.xhr && event.detail.xhr.status >= 400) announceErrors(event.target);
  });
})();
