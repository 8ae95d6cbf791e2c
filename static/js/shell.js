// The navigation (drawer on narrow screens, folding on wide ones), the theme, small menus.
(() => {
  "use strict";
  const root = document.documentElement;
  const nav = document.getElementById("navigation");
  const YEAR = 31536000;

  function remember(name, value) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${name}=${value}; Path=/; Max-Age=${YEAR}; SameSite=Lax${secure}`;
  }

  function fold() {
    const folded = root.dataset.nav !== "folded";
    if (folded) root.dataset.nav = "folded";
    else delete root.dataset.nav;
    remember("nav", folded ? "folded" : "open");
    document.querySelectorAll("[data-nav-fold]").forEach((button) => button.setAttribute("aria-pressed", String(folded)));
  }

  function drawer(open) {
    if (open) nav.dataset.open = "";
    else delete nav.dataset.open;
    document.getElementById("page").inert = open;
    if (open) nav.querySelector("[data-nav-close]").focus();
    else document.querySelector("[data-nav-open]").focus();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-nav-fold]")) fold();
    if (event.target.closest("[data-nav-open]")) {
      event.preventDefault();
      drawer(true);
    } else if (event.target.closest("[data-nav-close]") && nav) {
      event.preventDefault();
      drawer(false);
    }
    document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (nav && "open" in nav.dataset) drawer(false);
    document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  // The theme changes at once and is remembered on the server; without scripts the form does both.
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-theme-form]");
    if (!form) return;
    event.preventDefault();
    const button = form.querySelector("button[name=theme]");
    const theme = button.value;
    const other = root.dataset.theme;
    const body = new FormData(form);
    body.set("theme", theme);
    root.dataset.theme = theme;
    button.value = other;
    form.querySelector("[data-theme-label]").textContent = `${other[0].toUpperCase()}${other.slice(1)} theme`;
    document.dispatchEvent(new CustomEvent("theme"));
    fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" }, redirect: "manual" })
      .then((answer) => {
        if (answer.status >= 400) throw new Error(String(answer.status));
      })
      .catch(() => window.mlops.toast({ text: "The theme could not be saved; it lasts until the next page.", level: "warning" }));
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });

  window.mlops = Object.assign(window.mlops || {}, { fold });
})();
