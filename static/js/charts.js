// Draws the charts of a page from the figures beside them (mlopspro/core/charts.py) with Chart.js.
// A frame that htmx swaps keeps its canvas; new figures are put into the chart that is there, without flicker.
(() => {
  "use strict";
  const { Chart } = window;
  const { textColours, formatter, legendEntry, showTools, download, withoutOutliers, pointsOf, setsOf } = window.mlopsCharts;
  const states = new Map();
  const hiddenIn = new Map(); // names of the series hidden in each group of charts
  let dragged = null;
  let waiting = false;

  function hiddenOf(group) {
    if (!hiddenIn.has(group)) hiddenIn.set(group, new Set());
    return hiddenIn.get(group);
  }

  function stateOf(payload) {
    if (!states.has(payload.key)) {
      const hidden = payload.group ? hiddenOf(payload.group) : new Set();
      payload.series.filter((one) => one.hidden).forEach((one) => hidden.add(one.name));
      states.set(payload.key, { hidden, log: payload.y.log, smoothing: 0, x: "", outliers: false, open: false });
    }
    return states.get(payload.key);
  }

  // --- From the payload to Chart.js' options -------------------------------------------------------------------
  function scale(axis, colours, extra) {
    const write = formatter(axis.kind);
    return {
      type: axis.log ? "logarithmic" : "linear",
      title: { display: true, text: axis.title, color: colours.muted },
      ticks: {
        color: colours.muted,
        maxTicksLimit: 7,
        maxRotation: 0,
        autoSkipPadding: 16,
        precision: axis.kind === "integer" ? 0 : undefined,
        callback: (value) => write(value, true),
      },
      grid: { color: colours.border, tickColor: "transparent" },
      border: { color: colours.border },
      ...extra,
    };
  }

  // Curves use the whole width: from the first place to the last, where these differ.
  function extent(payload, state) {
    const places = payload.series.flatMap((series) => pointsOf(series, state).map(({ x }) => x)).filter((x) => x !== null);
    const [first, last] = [Math.min(...places), Math.max(...places)];
    if (payload.x.kind === "time" && first === last) return [first - 3600, last + 3600];
    return first < last ? [first, last] : [];
  }

  function scalesOf(payload, state, colours) {
    const chosen = (payload.x_choices || []).find((axis) => axis.key === state.x) || payload.x;
    const range = state.outliers ? withoutOutliers(payload, state) : payload.y;
    const values = { min: range.min ?? undefined, max: range.max ?? undefined, beginAtZero: Boolean(payload.categories) && payload.kind !== "interval", grace: payload.kind === "interval" ? "6%" : undefined };
    const y = scale({ ...payload.y, log: state.log }, colours, values);
    if (payload.categories) {
      const names = scale(payload.x, colours, { type: "category", grid: { display: false } });
      names.ticks = { color: colours.muted, maxRotation: 0, autoSkipPadding: 12 };
      return payload.horizontal ? { y: names, x: y } : { x: names, y };
    }
    const [first, last] = payload.kind === "line" ? extent(payload, state) : [];
    const across = scale(chosen, colours, { min: chosen.min ?? first, max: chosen.max ?? last, grid: { display: false } });
    across.ticks.includeBounds = false;
    return { x: across, y };
  }

  const sampleTitle = (payload, state) => (items) => {
    if (!items.length) return "";
    const name = items[0].dataset.names?.[items[0].dataIndex];
    if (name) return name;
    if (payload.categories) return items[0].label;
    const chosen = (payload.x_choices || []).find((axis) => axis.key === state.x) || payload.x;
    return `${chosen.title} ${formatter(chosen.kind)(items[0].parsed.x)}`;
  };

  function sampleWords(payload, item, write) {
    if (payload.kind !== "interval") {
      const place = payload.kind === "scatter" ? `${formatter(payload.x.kind)(item.parsed.x)}, ` : "";
      return ` ${item.dataset.label}: ${place}${write(item.parsed[payload.horizontal ? "x" : "y"])}`;
    }
    const [low, high] = payload.bounds[item.dataIndex];
    const count = payload.counts[item.dataIndex];
    const spread = low === null ? `${count} ${count === 1 ? payload.counted.replace(/s$/, "") : payload.counted}` : `${write(low)} to ${write(high)}, ${count} ${payload.counted}`;
    return ` ${write(item.dataset.means[item.dataIndex])} (${spread})`;
  }

  function follow(event, [found], chart) {
    const link = found && chart.data.datasets[found.datasetIndex].links?.[found.index];
    if (!link) return;
    if (event.native.ctrlKey || event.native.metaKey) window.open(link, "_blank", "noopener");
    else window.location.assign(link);
  }

  function optionsOf(payload, state, figure) {
    const colours = textColours();
    const along = payload.horizontal ? "y" : "x";
    const write = formatter(payload.y.kind);
    const zooms = payload.kind === "line" || payload.kind === "scatter";
    return {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      indexAxis: along,
      normalized: true,
      interaction: { mode: payload.kind === "line" ? "everySeries" : payload.kind === "scatter" ? "nearest" : "index", axis: along, intersect: payload.kind === "scatter" },
      scales: scalesOf(payload, state, colours),
      ...(payload.series.some((series) => series.links) && {
        onClick: follow,
        onHover: (event, [found], chart) => {
          event.native.target.style.cursor = found && chart.data.datasets[found.datasetIndex].links ? "pointer" : "";
        },
      }),
      plugins: {
        legend: { display: false },
        thresholds: { lines: payload.thresholds, colours, horizontal: Boolean(payload.horizontal) },
        tooltip: {
          backgroundColor: colours.raised,
          borderColor: colours.border,
          borderWidth: 1,
          titleColor: colours.text,
          bodyColor: colours.text,
          padding: 10,
          boxPadding: 4,
          usePointStyle: true,
          filter: (item) => !item.dataset.raw,
          callbacks: {
            title: sampleTitle(payload, state),
            label: (item) => sampleWords(payload, item, write),
          },
        },
        zoom: zooms && {
          zoom: { drag: { enabled: true, backgroundColor: colours.drag, threshold: 6 }, mode: payload.kind === "line" ? "x" : "xy", onZoomComplete: () => zoomed(figure, true) },
        },
      },
    };
  }

  // --- Frames -----------------------------------------------------------------------------------------------------
  const payloadOf = (figure) => JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
  const canvasOf = (figure) => figure.querySelector("[data-chart-canvas]");

  function draw(figure) {
    const payload = payloadOf(figure);
    const state = stateOf(payload);
    const canvas = canvasOf(figure);
    const empty = figure.querySelector("[data-chart-empty]");
    canvas.hidden = Boolean(payload.empty);
    empty.hidden = !payload.empty;
    empty.textContent = payload.empty;
    figure.querySelector(".chart-title").textContent = payload.title;
    showTools(figure, payload, state);
    showNote(figure, payload);
    showLegend(figure, payload, state);
    keepFigures(figure, state);
    const found = Chart.getChart(canvas);
    if (payload.empty) found?.destroy();
    else if (found) refresh(found, figure, payload, state);
    else create(canvas, figure, payload, state);
  }

  function create(canvas, figure, payload, state) {
    const type = { histogram: "bar", interval: "bar" }[payload.kind] || payload.kind;
    const data = { labels: payload.categories, datasets: setsOf(payload, state) };
    const chart = new Chart(canvas, { type, data, options: optionsOf(payload, state, figure) });
    chart.shownX = state.x;
  }

  // What a person zoomed into stays in view while figures arrive.
  function refresh(chart, figure, payload, state) {
    const options = optionsOf(payload, state, figure);
    if (chart.isZoomedOrPanned?.() && chart.shownX === state.x) {
      for (const axis of ["x", "y"]) {
        const { min, max } = chart.scales[axis];
        const chosen = chart.options.scales[axis];
        if (chosen.min === min || chosen.max === max) Object.assign(options.scales[axis], { min, max });
      }
    }
    chart.shownX = state.x;
    chart.data.labels = payload.categories;
    chart.data.datasets = setsOf(payload, state);
    chart.options = options;
    chart.update("none");
  }

  function keepFigures(figure, state) {
    const details = figure.querySelector("[data-chart-figures]");
    if (!details || details.dataset.watched) return;
    details.dataset.watched = "true";
    details.open = details.open || state.open;
    details.addEventListener("toggle", () => {
      state.open = details.open;
    });
  }

  function showNote(figure, payload) {
    const thinned = payload.series.filter((series) => series.thinned_from);
    const line = figure.querySelector("[data-chart-note]");
    line.hidden = thinned.length === 0;
    if (!thinned.length) return;
    const most = Math.max(...thinned.map((series) => series.thinned_from));
    line.textContent = `Drawn from ${thinned[0].points.length} of ${most} points; lows and highs are kept.`;
  }

  function showLegend(figure, payload, state) {
    const list = figure.querySelector("[data-chart-legend]");
    list.hidden = payload.series.length < 2 || Boolean(payload.empty);
    const signature = JSON.stringify(payload.series.map((series) => [series.name, series.colour, series.dashed, state.hidden.has(series.name)]));
    if (list.hidden || list.dataset.signature === signature) return;
    const focused = [...list.querySelectorAll("button")].indexOf(document.activeElement);
    list.dataset.signature = signature;
    list.replaceChildren(
      ...payload.series.map((series, index) =>
        legendEntry(series, index, !state.hidden.has(series.name), () => {
          if (!state.hidden.delete(series.name)) state.hidden.add(series.name);
          drawWith(figure, payload);
        }),
      ),
    );
    if (focused >= 0) list.querySelectorAll("button")[focused]?.focus();
  }

  // What is hidden in one chart of a group is hidden in all of them, and the page's own switches say so.
  function drawWith(figure, payload) {
    const others = payload.group ? [...document.querySelectorAll("[data-chart]")].filter((one) => payloadOf(one).group === payload.group) : [figure];
    others.forEach(draw);
    showSwitches();
  }

  function showSwitches() {
    for (const button of document.querySelectorAll("[data-chart-hides]")) {
      const hidden = hiddenOf(button.dataset.chartGroup);
      button.setAttribute("aria-pressed", String(JSON.parse(button.dataset.chartHides).every((name) => hidden.has(name))));
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-chart-hides]");
    if (!button) return;
    const hidden = hiddenOf(button.dataset.chartGroup);
    const names = JSON.parse(button.dataset.chartHides);
    const all = names.every((name) => hidden.has(name));
    names.forEach((name) => (all ? hidden.delete(name) : hidden.add(name)));
    drawAll();
  });

  // --- Tools --------------------------------------------------------------------------------------------------------
  function zoomed(figure, shown) {
    figure.querySelector('[data-chart-act="reset"]').hidden = !shown;
  }

  function resetZoom(figure) {
    Chart.getChart(canvasOf(figure))?.resetZoom?.("none");
    zoomed(figure, false);
    draw(figure);
  }

  const ACTS = {
    reset: resetZoom,
    log: (figure, state) => {
      state.log = !state.log;
      draw(figure);
    },
    outliers: (figure, state) => {
      state.outliers = !state.outliers;
      draw(figure);
    },
    csv: (figure) => download(payloadOf(figure), canvasOf(figure), "csv"),
    png: (figure) => download(payloadOf(figure), canvasOf(figure), "png"),
    full: (figure) => {
      if (document.fullscreenElement) document.exitFullscreen();
      else figure.querySelector(".chart-frame").requestFullscreen();
    },
  };

  document.addEventListener("click", (event) => {
    const tool = event.target.closest("[data-chart-act]");
    if (!tool) return;
    const figure = tool.closest("[data-chart]");
    ACTS[tool.dataset.chartAct](figure, stateOf(payloadOf(figure)));
  });

  document.addEventListener("pointerdown", (event) => {
    if (event.target.matches("[data-chart-canvas]")) dragged = event.target;
  });

  // A timer, so that the zoom plugin hears of the mouse button first.
  document.addEventListener("pointerup", () => {
    dragged = null;
    if (waiting) setTimeout(drawAll);
  });

  // While a hand drags across a plot nothing is asked for that would pull the plot away; the next poll brings it.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (dragged && event.detail.target.contains(dragged)) event.preventDefault();
  });

  document.addEventListener("dblclick", (event) => {
    if (event.target.matches("[data-chart-canvas]")) resetZoom(event.target.closest("[data-chart]"));
  });

  document.addEventListener("input", (event) => {
    const figure = event.target.closest("[data-chart]");
    if (!figure) return;
    const state = stateOf(payloadOf(figure));
    if (event.target.matches("[data-chart-smooth]")) state.smoothing = Number(event.target.value);
    else if (event.target.matches("[data-chart-axis]")) state.x = event.target.value;
    else return;
    if (event.target.matches("[data-chart-axis]")) resetZoom(figure);
    else draw(figure);
  });

  function drawAll() {
    Chart.defaults.font.family = textColours().font;
    Chart.defaults.font.size = 12;
    waiting = dragged !== null; // redrawing would end the drag
    if (waiting) return;
    document.querySelectorAll("[data-chart]").forEach(draw);
    showSwitches();
  }

  drawAll();
  document.addEventListener("htmx:afterSettle", drawAll);
  document.addEventListener("theme", drawAll);
  document.fonts?.ready.then(drawAll);
})();
