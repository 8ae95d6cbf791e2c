// Parts of a chart that do not depend on Chart.js's configuration: colours, numbers, legend, tools, smoothing, download.
(() => {
  "use strict";
  const PALETTE = 8;
  const THIN = "\u202f";
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const placeOf = (series, index) => series.colour || (index % PALETTE) + 1;
  const colourOf = (series, index) => token(`--chart-${placeOf(series, index)}`);

  function textColours() {
    return {
      text: token("--text"),
      muted: token("--muted"),
      border: token("--border"),
      raised: token("--surface-3"),
      threshold: token("--chart-threshold"),
      drag: token("--primary") + "33",
      font: token("--font-text"),
    };
  }

  // --- Numbers, as mlopspro.core.formats writes them --------------------------------------------------------------
  const groups = (text) => text.replace(/\B(?=(\d{3})+(?!\d))/g, THIN);

  function number(value, short) {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    const sign = value < 0 ? "\u2212" : "";
    if (value === 0) return "0";
    if (size < 1e-4) return sign + size.toExponential(short ? 0 : 2).replace("-", "\u2212");
    if (Number.isInteger(value)) return sign + groups(String(size));
    if (size >= 100) return sign + groups(size.toFixed(0));
    const text = size.toPrecision(3);
    return sign + (short ? String(Number(text)) : text);
  }

  function duration(seconds) {
    if (!Number.isFinite(seconds)) return "–";
    if (seconds < 1 && seconds > 0) return `${number(seconds * 1000, true)}${THIN}ms`;
    if (seconds < 60) return `${number(seconds, true)}${THIN}s`;
    const units = [[86400, "d", 3600, "h"], [3600, "h", 60, "m"], [60, "m", 1, "s"]];
    const [size, unit, part, smaller] = units.find(([length]) => seconds >= length);
    const rest = Math.floor((seconds % size) / part);
    return `${Math.floor(seconds / size)}${THIN}${unit}${rest ? ` ${rest}${THIN}${smaller}` : ""}`;
  }

  const clock = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });
  const WRITERS = {
    number,
    integer: (value) => (Number.isInteger(value) ? number(value) : ""),
    share: (value, short) => `${number(Number((value * 100).toPrecision(3)), short)}${THIN}%`,
    duration,
    time: (value) => clock.format(new Date(value * 1000)),
  };
  const formatter = (kind) => WRITERS[kind] || number;

  // --- Smoothing ----------------------------------------------------------------------------------------------------
  // Exponential moving average without its bias towards 0 at the start (Kingma and Ba 2015, section 3).
  function smoothed(points, weight) {
    let sum = 0;
    let known = 0;
    return points.map(({ x, y }) => {
      if (y === null) return { x, y };
      sum = weight * sum + (1 - weight) * y;
      known += 1;
      return { x, y: sum / (1 - weight ** known) };
    });
  }

  function withoutOutliers(payload, state) {
    const values = payload.series
      .filter((series) => !state.hidden.has(series.name))
      .flatMap((series) => series.points.map(([, y]) => y))
      .filter((y) => y !== null)
      .sort((a, b) => a - b);
    if (values.length < 4) return payload.y;
    const at = (share) => values[Math.round(share * (values.length - 1))];
    const margin = (at(0.95) - at(0.05)) * 0.05;
    return { min: at(0.05) - margin, max: at(0.95) + margin };
  }

  // --- Legend and tools ---------------------------------------------------------------------------------------------
  const SVG = "http://www.w3.org/2000/svg";

  function legendEntry(series, index, shown, toggle) {
    const entry = document.createElement("li");
    const button = document.createElement("button");
    const sample = document.createElementNS(SVG, "svg");
    const line = document.createElementNS(SVG, "line");
    const attributes = { x1: 0, x2: 16, y1: 5, y2: 5, "data-colour": placeOf(series, index), "stroke-dasharray": series.dashed ? "4 3" : "none" };
    Object.entries(attributes).forEach(([name, value]) => line.setAttribute(name, value));
    Object.entries({ width: 16, height: 10, "aria-hidden": "true" }).forEach(([name, value]) => sample.setAttribute(name, value));
    sample.append(line);
    button.type = "button";
    button.setAttribute("aria-pressed", String(shown));
    button.append(sample, series.name);
    button.addEventListener("click", toggle);
    entry.append(button);
    return entry;
  }

  function toolButton(label, act, pressed) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button is-quiet is-small";
    button.textContent = label;
    if (pressed !== undefined) button.setAttribute("aria-pressed", String(pressed));
    button.addEventListener("click", act);
    return button;
  }

  function smoothingSlider(frame) {
    const label = document.createElement("label");
    const slider = document.createElement("input");
    const shown = document.createElement("output");
    label.className = "chart-smooth";
    Object.assign(slider, { type: "range", min: "0", max: "0.99", step: "0.01", value: String(frame.state.smoothing) });
    shown.textContent = Number(slider.value).toFixed(2);
    slider.addEventListener("input", () => {
      frame.state.smoothing = Number(slider.value);
      shown.textContent = frame.state.smoothing.toFixed(2);
      label.closest("[data-chart]").dispatchEvent(new CustomEvent("chart:again"));
    });
    label.append("Smooth", slider, shown);
    return label;
  }

  function axisChoice(frame) {
    const select = document.createElement("select");
    select.className = "control is-small";
    select.setAttribute("aria-label", `Horizontal axis of ${frame.payload.title}`);
    [frame.payload.x, ...frame.payload.x_choices].forEach((axis) => select.add(new Option(axis.title, axis.key, false, axis.key === frame.state.x)));
    select.addEventListener("change", () => {
      frame.state.x = select.value;
      frame.chart()?.resetZoom?.("none");
      select.closest("[data-chart]").dispatchEvent(new CustomEvent("chart:again"));
    });
    return select;
  }

  // Built once for a frame; what it needs later it finds through the frame's newest figures.
  function toolbar(frame, save) {
    const { figure, payload, state } = frame;
    const place = figure.querySelector("[data-chart-tools]");
    place.hidden = Boolean(payload.empty);
    place.frame = frame;
    const again = () => place.frame.again();
    if (!place.childElementCount) {
      figure.addEventListener("chart:again", again);
      const toggle = (name) => (event) => {
        state[name] = !state[name];
        event.currentTarget.setAttribute("aria-pressed", String(state[name]));
        again();
      };
      const reset = toolButton("Reset zoom", () => {
        place.frame.chart().resetZoom("none");
        reset.hidden = true;
        again();
      });
      reset.hidden = true;
      reset.dataset.resetZoom = "";
      figure.querySelector("[data-chart-canvas]").addEventListener("dblclick", () => reset.click());
      const positive = payload.series.every((series) => series.points.every(([, y]) => y === null || y > 0));
      if (payload.kind === "line" && payload.smoothing) place.append(smoothingSlider(frame));
      if (payload.x_choices && payload.x_choices.length) place.append(axisChoice(frame));
      place.append(reset);
      if (payload.outliers) place.append(toolButton("Trim outliers", toggle("outliers"), state.outliers));
      if (positive && payload.y.kind !== "share") place.append(toolButton("Log", toggle("log"), state.log));
      place.append(toolButton("CSV", () => save(place.frame, "csv")), toolButton("PNG", () => save(place.frame, "png")));
      if (document.fullscreenEnabled) {
        place.append(toolButton("Full screen", () => {
          const box = figure.querySelector(".chart-frame");
          if (document.fullscreenElement) document.exitFullscreen();
          else box.requestFullscreen();
        }));
      }
    }
    const reset = place.querySelector("[data-reset-zoom]");
    return {
      zoomed: (shown) => {
        reset.hidden = !shown;
      },
    };
  }

  // --- Download -------------------------------------------------------------------------------------------------------
  // Cells that a spreadsheet would take for a formula are defused with an apostrophe.
  function cell(value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  function csv(payload) {
    const rows = [["series", payload.categories ? "category" : payload.x.title, payload.y.title]];
    for (const series of payload.series) {
      for (const [x, y] of series.points) rows.push([series.name, payload.categories ? payload.categories[x] : x, y]);
    }
    return rows.map((row) => row.map(cell).join(",")).join("\r\n");
  }

  function saveAs(name, blob) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function download(frame, kind) {
    const name = `${frame.payload.key}.${kind}`;
    if (kind === "csv") saveAs(name, new Blob([csv(frame.payload)], { type: "text/csv" }));
    else frame.chart().canvas.toBlob((blob) => saveAs(name, blob));
  }

  window.mlopsCharts = { colourOf, textColours, formatter, legendEntry, toolbar, smoothed, download, withoutOutliers };
})();
