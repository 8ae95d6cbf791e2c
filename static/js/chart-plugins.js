// Two small additions to Chart.js: dashed thresholds with their words, and reading all series at one place.
(() => {
  "use strict";
  const { Chart } = window;

  Chart.register({
    id: "thresholds",
    afterDatasetsDraw(chart, _, { lines, colour, text, font, horizontal }) {
      const { ctx, chartArea: area } = chart;
      for (const line of lines || []) {
        const along = horizontal ? { x: "y", y: "x" }[line.axis] : line.axis;
        const place = chart.scales[along].getPixelForValue(line.value);
        const [low, high] = along === "y" ? [area.top, area.bottom] : [area.left, area.right];
        if (!Number.isFinite(place) || place < low - 1 || place > high + 1) continue;
        ctx.save();
        ctx.strokeStyle = colour;
        ctx.lineWidth = 1.5;
        ctx.setLineDash([6, 4]);
        ctx.beginPath();
        if (along === "y") {
          ctx.moveTo(area.left, place);
          ctx.lineTo(area.right, place);
        } else {
          ctx.moveTo(place, area.top);
          ctx.lineTo(place, area.bottom);
        }
        ctx.stroke();
        ctx.fillStyle = text;
        ctx.font = `12px ${font}`;
        ctx.textAlign = along === "y" ? "right" : "left";
        ctx.textBaseline = "bottom";
        if (along === "y") ctx.fillText(line.label, area.right - 4, place - area.top > 18 ? place - 3 : place + 16);
        else ctx.fillText(line.label, place + 4, area.top + 14);
        ctx.restore();
      }
    },
  });

  // The point of each visible series that is nearest to the pointer along the axis.
  Chart.Interaction.modes.everySeries = (chart, event, options, final) => {
    const place = Chart.helpers.getRelativePosition(event, chart);
    if (!chart.isPointInArea(place)) return [];
    const axis = options.axis || "x";
    return chart.getSortedVisibleDatasetMetas().flatMap((meta) => {
      let best = null;
      meta.data.forEach((element, index) => {
        if (element.skip) return;
        const distance = Math.abs(element.getProps([axis], final)[axis] - place[axis]);
        if (best === null || distance < best.distance) best = { distance, element, index, datasetIndex: meta.index };
      });
      return best ? [{ element: best.element, index: best.index, datasetIndex: best.datasetIndex }] : [];
    });
  };
})();
