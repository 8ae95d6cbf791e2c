// Small additions to Chart.js: dashed thresholds with their words, dots of means, and reading all series at one place.
(() => {
  "use strict";
  const { Chart } = window;

  // The words stand on a plate, above the line where there is room, so that curves do not cross them.
  function write(ctx, words, colours, [x, y, side, area]) {
    const height = 16;
    const middle = y - area.top > height + 6 ? y - 10 : y + 10;
    ctx.setLineDash([]);
    ctx.font = `12px ${colours.font}`;
    ctx.textAlign = side;
    ctx.textBaseline = "middle";
    const width = ctx.measureText(words).width + 8;
    ctx.fillStyle = colours.plate;
    ctx.fillRect(side === "right" ? x - width + 4 : x - 4, middle - height / 2, width, height);
    ctx.fillStyle = colours.muted;
    ctx.fillText(words, x, middle);
  }

  // Words of an upright line stand on the side where there is more room.
  function besideUpright(place, area) {
    const right = place > (area.left + area.right) / 2;
    return [right ? place - 6 : place + 6, area.top + 10, right ? "right" : "left", area];
  }

  Chart.register({
    id: "thresholds",
    afterDatasetsDraw(chart, _, { lines, colours, horizontal }) {
      const { ctx, chartArea: area } = chart;
      for (const line of lines || []) {
        const along = horizontal ? { x: "y", y: "x" }[line.axis] : line.axis;
        const place = chart.scales[along].getPixelForValue(line.value);
        const [low, high] = along === "y" ? [area.top, area.bottom] : [area.left, area.right];
        if (!Number.isFinite(place) || place < low - 1 || place > high + 1) continue;
        ctx.save();
        ctx.strokeStyle = colours.threshold;
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
        write(ctx, line.label, colours, along === "y" ? [area.right - 4, place, "right", area] : besideUpright(place, area));
        ctx.restore();
      }
    },
  });

  // The dot of each mean on its whisker, with caps at its ends (charts of intervals).
  Chart.register({
    id: "means",
    afterDatasetsDraw(chart) {
      const set = chart.data.datasets[0];
      if (!set?.means) return;
      const { ctx } = chart;
      ctx.save();
      ctx.fillStyle = set.backgroundColor;
      chart.getDatasetMeta(0).data.forEach((bar, index) => {
        for (const end of set.data[index]) ctx.fillRect(chart.scales.x.getPixelForValue(end) - 1, bar.y - 5, 2, 10);
        ctx.beginPath();
        ctx.arc(chart.scales.x.getPixelForValue(set.means[index]), bar.y, 4.5, 0, 2 * Math.PI);
        ctx.fill();
      });
      ctx.restore();
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
