// The editor of a manifest: line numbers, errors that lead to their line, and one text that the form writes into.
(() => {
  "use strict";

  const area = document.getElementById("manifest-text");
  const gutter = document.querySelector("[data-gutter]");
  const form = document.getElementById("manifest-editor");
  if (!area || !gutter || !form) return;

  const opened = area.value;
  let saving = false;
  let sent = { text: area.value, edits: 0 };
  let edits = 0; // changes in the fields beside the text
  let open = new Set();

  const wrongLines = () => new Set((document.getElementById("manifest-checked")?.dataset.lines || "").split(" "));

  function number() {
    const wrong = wrongLines();
    const count = area.value.split("\n").length;
    gutter.replaceChildren(
      ...Array.from({ length: count }, (_, index) => {
        const line = document.createElement("span");
        line.textContent = `${index + 1}\n`;
        if (wrong.has(String(index + 1))) line.className = "is-wrong";
        return line;
      }),
    );
    gutter.scrollTop = area.scrollTop;
    area.setAttribute("aria-invalid", String(document.querySelectorAll(".manifest-problems li").length > 0));
  }

  function goTo(line, column) {
    const lines = area.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    const at = start + Math.max(0, column - 1);
    area.focus();
    area.setSelectionRange(at, start + (lines[line - 1] || "").length);
    area.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(area).lineHeight));
    area.scrollIntoView({ block: "nearest" });
  }

  area.addEventListener("scroll", () => {
    gutter.scrollTop = area.scrollTop;
  });
  area.addEventListener("input", number);
  form.addEventListener("click", (event) => {
    const link = event.target.closest("[data-line]");
    if (!link) return;
    event.preventDefault();
    goTo(Number(link.dataset.line), Number(link.dataset.column));
  });

  // Fields beside the text: Enter writes them, the button of a new threshold too; neither saves.
  const fields = document.getElementById("manifest-form");
  fields.addEventListener("input", () => {
    edits += 1;
  });
  fields.addEventListener("change", (event) => {
    // A threshold is added with its button, once all of it is typed.
    if (event.target.name?.startsWith("add.")) event.stopImmediatePropagation();
  }, true);
  fields.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input:not([type=checkbox])")) return;
    event.preventDefault();
    if (event.target.name.startsWith("add.")) write();
    else event.target.dispatchEvent(new Event("change", { bubbles: true }));
  });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.name === "write") {
      event.preventDefault();
      write();
      return;
    }
    saving = true;
  });

  function write() {
    fields.dispatchEvent(new Event("change"));
  }

  // What comes back is put in only where nobody typed meanwhile.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.target?.id !== "manifest-checked") return;
    sent = { text: area.value, edits };
    open = new Set([...fields.querySelectorAll("details[open]")].map((one) => one.id));
  });
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    if (event.detail.target?.id !== "manifest-fields") return;
    if (edits !== sent.edits) event.detail.shouldSwap = false;
    open = new Set([...fields.querySelectorAll("details[open]")].map((one) => one.id));
  });
  document.addEventListener("htmx:oobAfterSwap", () => {
    fields.querySelectorAll("details").forEach((one) => {
      one.open = open.has(one.id);
    });
  });
  document.addEventListener("htmx:afterSwap", () => {
    const written = document.getElementById("manifest-written");
    if (written && area.value === sent.text) area.value = JSON.parse(written.textContent);
    written?.remove();
    number();
  });

  window.addEventListener("beforeunload", (event) => {
    if (!saving && area.value !== opened) event.preventDefault();
  });
  number();
})();
