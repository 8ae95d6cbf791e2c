// From a chart's payload (mlopspro/core/charts.py) to what Chart.js draws: lines, bars, points, whiskers.
(() => {
  "use strict";
  const { Chart } = window;
  const { colourOf, textColours, smoothed } = window.mlopsCharts;

  function pointsOf(series, state) {
    const places = state.x && series.also_at[state.x];
    return series.points.map(([x, y], index) => ({ x: places ? places[index] : x, y }));
  }

  function lineSets(payload, state) {
    return payload.series.flatMap((series, index) => {
      const colour = colourOf(series, index);
      const points = pointsOf(series, state);
      const base = {
        label: series.name,
        data: points,
        borderColor: colour,
        backgroundColor: colour,
        borderWidth: 2,
        borderDash: series.dashed ? [5, 4] : [],
        pointRadius: points.length > 40 ? 0 : points.length === 1 ? 4 : 2,
        pointHoverRadius: 4,
        hidden: state.hidden.has(series.name),
        spanGaps: false,
        showLine: series.drawn !== "points",
        stepped: series.drawn === "steps",
        names: series.names,
        links: series.links,
      };
      if (series.drawn === "points") Object.assign(base, { pointRadius: 3, pointHoverRadius: 5, borderWidth: 0 });
      if (series.drawn === "steps") base.pointRadius = 0;
      // A band reaches down to the series before it; both of its ends are thin.
      const isEnd = series.drawn === "band" || payload.series[index + 1]?.drawn === "band";
      if (isEnd) Object.assign(base, { borderWidth: 1, pointRadius: 0 });
      if (series.drawn === "band") Object.assign(base, { fill: "-1", backgroundColor: Chart.helpers.color(colour).alpha(0.14).rgbString() });
      if (!payload.smoothing || state.smoothing === 0) return [base];
      const pale = { ...base, label: `${series.name} (raw)`, raw: true, borderWidth: 1, pointRadius: 0, pointHoverRadius: 0 };
      pale.borderColor = pale.backgroundColor = Chart.helpers.color(colour).alpha(0.4).rgbString();
      return [{ ...base, data: smoothed(points, state.smoothing), pointRadius: 0 }, pale];
    });
  }

  function barSets(payload, state) {
    const several = payload.series.length > 1;
    return payload.series.map((series, index) => {
      const colour = colourOf(series, index);
      const overlaid = payload.kind === "histogram" && several;
      const values = payload.categories.map(() => null);
      series.points.forEach(([x, y]) => {
        values[x] = y;
      });
      if (series.drawn === "points") return marks(series, values, state, colour);
      return {
        label: series.name,
        data: values,
        backgroundColor: overlaid || series.dashed ? Chart.helpers.color(colour).alpha(overlaid ? 0.55 : 0.2).rgbString() : colour,
        borderColor: colour,
        borderWidth: overlaid || series.dashed ? 1 : 0,
        borderRadius: payload.kind === "bar" ? 3 : 0,
        categoryPercentage: payload.kind === "bar" ? 0.7 : 1,
        barPercentage: payload.kind === "bar" ? 0.9 : 0.98,
        grouped: payload.kind === "bar",
        maxBarThickness: payload.kind === "bar" ? 48 : undefined,
        hidden: state.hidden.has(series.name),
      };
    });
  }

  // Marks over bars, such as reference lines: one shape a series, the one its name ends with.
  const SHAPES = { "×": "crossRot", "▲": "triangle", "◆": "rectRot", "★": "star" };

  function marks(series, values, state, colour) {
    const shape = SHAPES[series.name.at(-1)] || "circle";
    const edge = textColours().text;
    return { type: "line", showLine: false, label: series.name, data: values, pointStyle: shape, pointRadius: 6, pointHoverRadius: 7, pointBorderWidth: 1.5, backgroundColor: colour, borderColor: edge, hidden: state.hidden.has(series.name), order: -1 };
  }

  function scatterSets(payload, state) {
    return payload.series.map((series, index) => {
      const colour = colourOf(series, index);
      const shapes = ["circle", "triangle", "rectRot", "rect"];
      const edge = series.star ? textColours().text : colour;
      return {
        label: series.name,
        data: pointsOf(series, state),
        backgroundColor: Chart.helpers.color(colour).alpha(0.75).rgbString(),
        borderColor: edge,
        pointStyle: series.star ? "star" : shapes[index % shapes.length],
        pointRadius: series.star ? 9 : series.points.length > 300 ? 3 : 4,
        pointBorderWidth: series.star ? 2.5 : 1,
        pointHoverRadius: series.star ? 10 : 6,
        order: series.star ? -1 : 0,
        hidden: state.hidden.has(series.name),
        names: series.names,
        links: series.links,
      };
    });
  }

  // Whiskers; the dots of the means are drawn by the plugin "means".
  function intervalSets(payload) {
    const means = payload.series.flatMap((series) => series.points.map(([, y]) => y));
    const colour = colourOf({}, 0);
    return [{ label: "Mean", data: payload.bounds.map(([low, high], index) => [low ?? means[index], high ?? means[index]]), means, backgroundColor: colour, barThickness: 2 }];
  }

  const SETS = { line: lineSets, scatter: scatterSets, bar: barSets, histogram: barSets, interval: intervalSets };
  const setsOf = (payload, state) => SETS[payload.kind](payload, state);

  Object.assign(window.mlopsCharts, { pointsOf, setsOf });
})();
