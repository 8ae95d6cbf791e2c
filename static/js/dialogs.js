// Native dialogs: what opens them, what closes them, and the question asked before an act.
(() => {
  "use strict";

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog-open]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialogOpen);
      if (dialog && !dialog.open) dialog.showModal();
      return;
    }
    const closer = event.target.closest("[data-dialog-close]");
    if (closer) closer.closest("dialog").close();
    // A press on the backdrop lands on the dialog element itself, outside its box.
    if (event.target.matches("dialog.dialog")) {
      const box = event.target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside && event.detail > 0) event.target.close("cancel");
    }
  });

  function ask(text, action, danger) {
    const dialog = document.getElementById("confirm");
    if (!dialog) return Promise.resolve(window.confirm(text));
    const ok = dialog.querySelector("[data-confirm-ok]");
    dialog.querySelector("[data-confirm-text]").textContent = text;
    ok.textContent = action || "Continue";
    ok.className = danger ? "button is-danger is-filled" : "button is-primary";
    dialog.returnValue = "cancel";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "ok"), { once: true });
    });
  }

  // data-confirm on a submit button, a link or a form.
  const agreed = new WeakSet();

  function questionOf(element) {
    return element.dataset.confirm && !agreed.has(element) ? element : null;
  }

  document.addEventListener(
    "submit",
    (event) => {
      const { target: form, submitter } = event;
      const asker = (submitter && questionOf(submitter)) || questionOf(form);
      if (!asker) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      ask(asker.dataset.confirm, asker.dataset.confirmAction, "confirmDanger" in asker.dataset).then((yes) => {
        if (!yes) return;
        agreed.add(asker);
        form.requestSubmit(submitter && submitter.form === form ? submitter : undefined);
        agreed.delete(asker);
      });
    },
    true,
  );

  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    const from = event.detail.elt;
    ask(event.detail.question, from.dataset.confirmAction, "confirmDanger" in from.dataset).then((yes) => {
      if (yes) event.detail.issueRequest(true);
    });
  });

  // A button that is off says why.
  document.addEventListener(
    "click",
    (event) => {
      const off = event.target.closest("[data-why-not]");
      if (!off) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      window.mlops.toast({ text: off.title, level: "info" });
    },
    true,
  );
})();
