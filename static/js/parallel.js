// Choosing runs on parallel coordinates: drag along an axis or move its sliders; the chosen ones lead on as a query.
(() => {
  "use strict";
  const { csvOf, saveAs, formatter } = window.mlopsCharts;
  const { Drawing, wordsAt } = window.mlopsParallel;
  const COMPARED = 10;
  const HINT = "Drag along an axis to choose runs. Point at a line to read it, click it to open its run.";

  class Parallel {
    constructor(figure) {
      this.figure = figure;
      this.payload = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
      this.canvas = figure.querySelector("[data-parallel-canvas]");
      this.drawing = new Drawing(this.canvas, this.payload);
      this.brushes = this.payload.axes.map(() => null);
      this.hovered = null;
      this.chosen = new Set(this.payload.names.keys());
      this.listen();
      this.resize();
      this.showKey();
    }

    resize() {
      this.drawing.resize();
      this.update();
    }

    // --- What is chosen -------------------------------------------------------------------------------------------
    choose() {
      const { places } = this.drawing;
      const active = this.brushes.flatMap((brush, axis) => (brush ? [[places[axis], brush]] : []));
      const fits = (line) => active.every(([column, [low, high]]) => column[line] !== null && column[line] >= low - 1e-9 && column[line] <= high + 1e-9);
      this.chosen = new Set([...this.payload.names.keys()].filter(fits));
    }

    brush(axis, range) {
      this.brushes[axis] = range && (range[0] > 0 || range[1] < 1) ? range : null;
      if (!this.chosen.has(this.hovered)) this.hovered = null;
      this.update();
    }

    update() {
      this.choose();
      this.redraw();
      this.showSliders();
      this.showCount();
      this.showLinks();
    }

    redraw() {
      if (this.waiting) return;
      this.waiting = requestAnimationFrame(() => {
        this.waiting = null;
        this.drawing.draw(this);
      });
    }

    // --- As words, sliders and links ---------------------------------------------------------------------------------
    part(name) {
      return this.figure.querySelector(`[data-parallel-${name}]`);
    }

    showKey() {
      const by = this.payload.colour;
      const low = this.figure.querySelector("[data-scale-low]");
      if (!by || !low || by.min === null) return;
      low.textContent = formatter(by.kind)(by.min);
      this.figure.querySelector("[data-scale-high]").textContent = formatter(by.kind)(by.max);
    }

    showSliders() {
      this.figure.querySelectorAll("[data-parallel-axis]").forEach((group, axis) => {
        group.querySelectorAll("input").forEach((slider) => {
          const edge = Number(slider.dataset.edge);
          const place = this.brushes[axis] ? this.brushes[axis][edge] : edge;
          if (document.activeElement !== slider) slider.value = String(place * 100);
          const words = wordsAt(this.payload.axes[axis], place);
          slider.setAttribute("aria-valuetext", words);
          slider.nextElementSibling.textContent = words;
        });
      });
    }

    showCount() {
      this.part("count").textContent = String(this.chosen.size);
      this.figure.querySelector('[data-parallel-act="reset"]').hidden = this.brushes.every((brush) => !brush);
    }

    // The chosen ranges as a query. Bounds are those of the chosen runs themselves, so that none is lost to rounding.
    query() {
      const parts = this.brushes.flatMap((brush, index) => {
        const axis = this.payload.axes[index];
        if (!brush || !axis.term) return [];
        const values = [...this.chosen].map((line) => axis.values[line]);
        if (axis.words) return [`(${[...new Set(values)].sort((a, b) => a - b).map((v) => `${axis.term} = ${quoted(axis.categories[v])}`).join(" or ")})`];
        const low = Math.min(...values);
        const high = Math.max(...values);
        return [low === high ? `${axis.term} = ${low}` : `${axis.term} >= ${low} and ${axis.term} <= ${high}`];
      });
      const given = this.payload.addresses.query;
      return [...(given && parts.length ? [`(${given})`] : given ? [given] : []), ...parts].join(" and ");
    }

    showLinks() {
      const { addresses } = this.payload;
      const some = this.chosen.size > 0;
      const unnamed = this.brushes.some((brush, axis) => brush && !this.payload.axes[axis].term);
      const query = some && !unnamed ? this.query() : "";
      for (const name of ["keep", "list"]) {
        const link = this.figure.querySelector(`[data-parallel-to="${name}"]`);
        link.hidden = !some || unnamed || !addresses[name];
        if (!link.hidden) link.href = withParameter(addresses[name], "q", query);
      }
      const compare = this.figure.querySelector('[data-parallel-to="compare"]');
      compare.hidden = !addresses.compare || this.chosen.size < 2 || this.chosen.size > COMPARED;
      if (!compare.hidden) compare.href = withParameter(addresses.compare, "ids", [...this.chosen].map((line) => this.payload.ids[line]).join(","));
      const narrowed = this.brushes.some(Boolean);
      this.part("why").textContent = !some ? "No run lies in all of these ranges." : narrowed && this.chosen.size > COMPARED ? `Up to ${COMPARED} runs can be compared at once; choose fewer.` : "";
    }

    showHovered() {
      const line = this.hovered;
      const words = line === null ? HINT : `${this.payload.names[line]}: ${this.payload.axes.map((axis) => `${axis.label} ${this.words(axis, line)}`).join(", ")}`;
      this.part("hovered").textContent = words;
      this.canvas.style.cursor = line === null ? "" : "pointer";
    }

    words(axis, line) {
      const value = axis.values[line];
      if (value === null) return "–";
      return axis.words ? axis.categories[value] : formatter(axis.kind)(value);
    }

    // --- Hands ------------------------------------------------------------------------------------------------------
    listen() {
      const at = (event) => {
        const box = this.canvas.getBoundingClientRect();
        return [event.clientX - box.left, event.clientY - box.top];
      };
      this.canvas.addEventListener("pointerdown", (event) => {
        const [x, y] = at(event);
        const axis = this.drawing.axisAt(x);
        if (axis === null || event.button) return;
        event.preventDefault();
        this.canvas.setPointerCapture(event.pointerId);
        this.drag = { axis, from: this.drawing.placeAt(y), moved: false };
      });
      this.canvas.addEventListener("pointermove", (event) => this.moved(...at(event)));
      this.canvas.addEventListener("pointerup", () => {
        if (this.drag && !this.drag.moved) this.brush(this.drag.axis, null);
        this.justDragged = Boolean(this.drag);
        this.drag = null;
      });
      this.canvas.addEventListener("pointercancel", () => {
        this.drag = null;
      });
      this.canvas.addEventListener("pointerleave", () => this.hover(null));
      this.canvas.addEventListener("click", (event) => {
        if (!this.justDragged) this.open(event);
        this.justDragged = false;
      });
      this.canvas.addEventListener("dblclick", () => this.reset());
      this.figure.addEventListener("input", (event) => this.slid(event.target));
    }

    moved(x, y) {
      if (this.drag) {
        const to = this.drawing.placeAt(y);
        if (Math.abs(to - this.drag.from) < 0.005 && !this.drag.moved) return;
        this.drag.moved = true;
        this.brush(this.drag.axis, [Math.min(this.drag.from, to), Math.max(this.drag.from, to)]);
      } else if (this.drawing.axisAt(x) !== null) {
        this.hover(null);
        this.canvas.style.cursor = "ns-resize";
      } else this.hover(this.drawing.lineAt(x, y, this.chosen));
    }

    hover(line) {
      if (line !== this.hovered) {
        this.hovered = line;
        this.redraw();
      }
      this.showHovered();
    }

    open(event) {
      if (this.hovered === null) return;
      const link = this.payload.link.replace("{id}", this.payload.ids[this.hovered]);
      if (event.ctrlKey || event.metaKey) window.open(link, "_blank", "noopener");
      else window.location.assign(link);
    }

    slid(slider) {
      const group = slider.closest("[data-parallel-axis]");
      if (!group) return;
      const axis = Number(group.dataset.parallelAxis);
      const range = this.brushes[axis] ? [...this.brushes[axis]] : [0, 1];
      const edge = Number(slider.dataset.edge);
      range[edge] = Number(slider.value) / 100;
      if (range[0] > range[1]) range[1 - edge] = range[edge];
      this.brush(axis, range);
    }

    reset() {
      this.brushes.fill(null);
      this.update();
    }

    act(name) {
      if (name === "reset") this.reset();
      if (name === "png") this.canvas.toBlob((blob) => saveAs(`${this.payload.key}.png`, blob));
      if (name === "csv") saveAs(`${this.payload.key}.csv`, new Blob([this.csv()], { type: "text/csv" }));
      if (name !== "full") return;
      if (document.fullscreenElement) document.exitFullscreen();
      else this.figure.querySelector(".chart-frame").requestFullscreen();
    }

    csv() {
      const { axes, names, ids } = this.payload;
      const raw = (axis, line) => (axis.words && axis.values[line] !== null ? axis.categories[axis.values[line]] : axis.values[line]);
      const rows = [...this.chosen].map((line) => [ids[line], names[line], ...axes.map((axis) => raw(axis, line))]);
      return csvOf([["id", "name", ...axes.map((axis) => axis.key)], ...rows]);
    }
  }

  const quoted = (word) => `"${word.replaceAll('"', '""')}"`; // a quote inside is written twice

  function withParameter(address, name, value) {
    const url = new URL(address, window.location.href);
    if (value) url.searchParams.set(name, value);
    return url.pathname + url.search;
  }

  const shown = new WeakMap();
  const start = (figure) => {
    if (!shown.has(figure) && !figure.querySelector("[data-parallel-plot]").hidden) shown.set(figure, new Parallel(figure));
  };
  const all = () => [...document.querySelectorAll("[data-parallel]")];

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-parallel-act]");
    if (button) shown.get(button.closest("[data-parallel]"))?.act(button.dataset.parallelAct);
  });
  const refresh = () => all().forEach((figure) => shown.get(figure)?.resize());
  window.addEventListener("resize", refresh);
  document.addEventListener("fullscreenchange", refresh);
  document.addEventListener("theme", refresh);
  document.addEventListener("htmx:afterSettle", () => all().forEach(start));
  all().forEach(start);
  document.fonts?.ready.then(refresh);
})();
