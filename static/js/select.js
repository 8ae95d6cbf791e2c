// A select with a search box: <select data-search-select>. The select stays the form's value, and is all there is
// without scripts. Pattern: ARIA combobox with a list, https://www.w3.org/WAI/ARIA/apg/patterns/combobox/
(() => {
  "use strict";
  let count = 0;

  function enhance(select) {
    if (select.multiple || select.closest(".search-select")) return;
    const box = document.createElement("div");
    const input = document.createElement("input");
    const list = document.createElement("ul");
    const id = `search-select-${(count += 1)}`;
    box.className = "search-select";
    Object.assign(input, { type: "text", className: "control", autocomplete: "off", id: `${id}-input`, disabled: select.disabled });
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", id);
    for (const name of ["aria-describedby", "aria-invalid"]) {
      if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
    }
    Object.assign(list, { id, className: "search-select-list", hidden: true });
    list.setAttribute("role", "listbox");
    const label = select.labels[0];
    if (label) {
      if (!label.id) label.id = `${id}-label`;
      label.htmlFor = input.id;
      list.setAttribute("aria-labelledby", label.id);
    }
    select.before(box);
    box.append(select, input, list);
    select.tabIndex = -1;

    let active = -1;
    const chosen = () => select.selectedOptions[0];
    const entries = () => [...list.children];
    const show = () => {
      input.value = chosen() ? chosen().text : "";
    };

    function open(wanted) {
      const options = [...select.options].filter((one) => !one.disabled && one.text.toLowerCase().includes(wanted.toLowerCase()));
      list.replaceChildren(
        ...options.map((option, index) => {
          const entry = document.createElement("li");
          entry.id = `${id}-${index}`;
          entry.textContent = option.text;
          entry.dataset.index = String(option.index);
          entry.setAttribute("role", "option");
          entry.setAttribute("aria-selected", String(option.selected));
          return entry;
        }),
      );
      list.hidden = options.length === 0;
      input.setAttribute("aria-expanded", String(!list.hidden));
      mark(wanted ? 0 : Math.max(0, options.findIndex((option) => option.selected)));
    }

    function close() {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
      active = -1;
      show();
    }

    function mark(index) {
      const all = entries();
      if (!all.length) return;
      active = (index + all.length) % all.length;
      all.forEach((entry, place) => entry.classList.toggle("is-active", place === active));
      input.setAttribute("aria-activedescendant", all[active].id);
      all[active].scrollIntoView({ block: "nearest" });
    }

    function choose(entry) {
      const changed = select.selectedIndex !== Number(entry.dataset.index);
      select.selectedIndex = Number(entry.dataset.index);
      close();
      if (changed) select.dispatchEvent(new Event("change", { bubbles: true }));
    }

    input.addEventListener("focus", () => input.select());
    input.addEventListener("click", () => list.hidden && open(""));
    input.addEventListener("input", (event) => {
      event.stopPropagation();
      open(input.value);
    });
    input.addEventListener("change", (event) => event.stopPropagation());
    input.addEventListener("blur", close);
    list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const entry = event.target.closest("li");
      if (entry) choose(entry);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) open("");
        else mark(active + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter" && !list.hidden) {
        event.preventDefault();
        choose(entries()[active]);
      } else if (event.key === "Escape" && !list.hidden) {
        event.stopPropagation();
        close();
      }
    });
    select.form?.addEventListener("reset", () => setTimeout(show));
    select.addEventListener("change", show);
    show();
  }

  const scan = (scope) => scope.querySelectorAll("select[data-search-select]").forEach(enhance);
  scan(document);
  document.addEventListener("htmx:load", (event) => scan(event.target));
})();
