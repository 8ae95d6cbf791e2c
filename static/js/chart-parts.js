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
      drag: `${token("--primary")}33`,
      plate: token("--surface-2"),
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

  // Shows the tools as the chart's state is; the server has drawn them.
  function showTools(figure, payload, state) {
    const place = figure.querySelector("[data-chart-tools]");
    const tool = (name) => place.querySelector(`[data-chart-act="${name}"]`);
    const values = payload.series.flatMap((series) => series.points.map(([, y]) => y)).filter((y) => y !== null);
    place.hidden = Boolean(payload.empty);
    tool("log").hidden = payload.y.kind === "share" || values.some((y) => y <= 0) || payload.kind === "histogram";
    tool("log").setAttribute("aria-pressed", String(state.log));
    tool("outliers")?.setAttribute("aria-pressed", String(state.outliers));
    tool("full").hidden = !document.fullscreenEnabled;
    const smooth = place.querySelector("[data-chart-smooth]");
    if (smooth) {
      smooth.value = String(state.smoothing);
      smooth.nextElementSibling.textContent = state.smoothing.toFixed(2);
    }
    const axis = place.querySelector("[data-chart-axis]");
    if (axis) axis.value = state.x;
  }

  // --- Download -------------------------------------------------------------------------------------------------------
  // Cells that a spreadsheet would take for a formula are defused with an apostrophe.
  function cell(value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  const csvOf = (rows) => rows.map((row) => row.map(cell).join(",")).join("\r\n");

  function csv(payload) {
    const named = payload.series.some((series) => series.names);
    const more = payload.bounds ? ["low", "high", payload.counted] : named ? ["name", "address"] : [];
    const rows = [["series", payload.categories ? "category" : payload.x.title, payload.y.title, ...more]];
    for (const series of payload.series) {
      series.points.forEach(([x, y], index) => {
        const bounds = payload.bounds ? [...payload.bounds[index], payload.counts[index]] : [];
        const name = named ? [series.names?.[index], series.links?.[index]] : [];
        rows.push([series.name, payload.categories ? payload.categories[x] : x, y, ...bounds, ...name]);
      });
    }
    return csvOf(rows);
  }

  function saveAs(name, blob) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function download(payload, canvas, kind) {
    const name = `${payload.key}.${kind}`;
    if (kind === "csv") saveAs(name, new Blob([csv(payload)], { type: "text/csv" }));
    else canvas.toBlob((blob) => saveAs(name, blob));
  }

  window.mlopsCharts = { colourOf, textColours, formatter, legendEntry, showTools, smoothed, download, withoutOutliers, csvOf, saveAs, token };
})();
