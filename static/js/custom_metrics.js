// Puts examples and names into the expression's field. Without scripts the examples are links to a form filled with them.
(() => {
  "use strict";

  const field = () => document.getElementById("id_expression");

  function changed(area, caret) {
    area.focus();
    area.setSelectionRange(caret, caret);
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("click", (event) => {
    const area = field();
    const example = event.target.closest("[data-expression]");
    const name = event.target.closest("[data-insert]");
    if (!area || (!example && !name)) return;
    event.preventDefault();
    if (example) {
      area.value = example.dataset.expression;
      changed(area, area.value.length);
      return;
    }
    const at = area.selectionStart + name.dataset.insert.length;
    area.setRangeText(name.dataset.insert, area.selectionStart, area.selectionEnd, "end");
    changed(area, at);
  });
})();
