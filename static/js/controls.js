// Small helpers of forms and texts: copy buttons, lists that filter, selects with a search box, logs that follow.
(() => {
  "use strict";

  // --- Copy -------------------------------------------------------------------------------------------------
  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      if (!copyOldWay(button)) {
        window.mlops.toast({ text: "Copying is not possible here. Select the text and copy it by hand.", level: "warning" });
        return;
      }
    }
    button.classList.add("is-done");
    const label = button.getAttribute("aria-label");
    button.setAttribute("aria-label", "Copied");
    setTimeout(() => {
      button.classList.remove("is-done");
      button.setAttribute("aria-label", label);
    }, 1500);
  }

  // The clipboard of the page needs https; over plain http the old command still works.
  function copyOldWay(button) {
    const field = document.createElement("textarea");
    field.value = button.dataset.copy;
    field.className = "visually-hidden";
    button.after(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    button.focus();
    return done;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });

  // --- Lists that filter ----------------------------------------------------------------------------------------
  document.addEventListener("input", (event) => {
    const field = event.target.closest("[data-filter-list]");
    if (!field) return;
    const list = document.getElementById(field.dataset.filterList);
    const wanted = field.value.trim().toLowerCase();
    const shown = [...list.children].filter((entry) => {
      entry.hidden = !entry.textContent.toLowerCase().includes(wanted);
      return !entry.hidden;
    });
    list.querySelectorAll(".is-first").forEach((link) => link.classList.remove("is-first"));
    shown[0]?.querySelector("a")?.classList.add("is-first");
  });

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("[data-filter-list]");
    if (!field) return;
    const links = [...document.getElementById(field.dataset.filterList).querySelectorAll("li:not([hidden]) a")];
    if (event.key === "Enter" && links.length) {
      event.preventDefault();
      links[0].click();
    }
    if (event.key === "ArrowDown" && links.length) {
      event.preventDefault();
      links[0].focus();
    }
  });

  document.addEventListener("keydown", (event) => {
    const link = event.target.closest(".go-to-list a");
    if (!link || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    event.preventDefault();
    const links = [...document.querySelectorAll(".go-to-list li:not([hidden]) a")];
    const next = links[links.indexOf(link) + (event.key === "ArrowDown" ? 1 : -1)];
    (next || document.getElementById("go-to-filter")).focus();
  });

  // --- Logs -------------------------------------------------------------------------------------------------------
  const following = (log) => log.querySelector("[data-log-follow]")?.getAttribute("aria-pressed") === "true";

  function toEnd(log) {
    const lines = log.querySelector("[data-log-lines]");
    lines.scrollTop = lines.scrollHeight;
  }

  function findIn(log) {
    const wanted = log.querySelector("[data-log-find]").value.trim().toLowerCase();
    log.querySelectorAll(".log-line").forEach((line) => {
      line.hidden = wanted !== "" && !line.textContent.toLowerCase().includes(wanted);
    });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-log-follow]");
    if (!button) return;
    const follow = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(follow));
    if (follow) toEnd(button.closest("[data-log]"));
  });

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-log-find]")) findIn(event.target.closest("[data-log]"));
  });

  // Scrolling up stops following; scrolling back to the end takes it up again.
  document.addEventListener(
    "wheel",
    (event) => {
      const lines = event.target.closest?.("[data-log-lines]");
      const button = lines?.closest("[data-log]").querySelector("[data-log-follow]");
      if (!button) return;
      const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
      if (event.deltaY < 0) button.setAttribute("aria-pressed", "false");
      else if (atEnd) button.setAttribute("aria-pressed", "true");
    },
    { passive: true },
  );

  function setUpLogs() {
    document.querySelectorAll("[data-log]").forEach((log) => {
      const lines = log.querySelector("[data-log-lines]");
      if (lines.querySelector(".log-line")) lines.querySelector("[data-log-empty]")?.remove();
      if (log.querySelector("[data-log-find]")?.value) findIn(log);
      if (following(log)) toEnd(log);
    });
  }

  setUpLogs();
  document.addEventListener("htmx:afterSettle", setUpLogs);
})();
