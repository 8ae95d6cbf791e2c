// Geometry and drawing of parallel coordinates (mlopspro/core/parallel.py) on a canvas; parallel.js lets people choose.
(() => {
  "use strict";
  const { token, formatter, textColours } = window.mlopsCharts;
  const TOP = 44;
  const BOTTOM = 34;
  const SIDE = 56;
  const NARROWEST = 104;
  const HEIGHT = 380;
  const SCALE = 5;

  const span = (axis) => [axis.log ? Math.log(axis.min) : axis.min, axis.log ? Math.log(axis.max) : axis.max];

  // Place of a value along its axis, 0 (low) to 1 (high); null for a run without the value.
  function placeOf(axis, value) {
    if (value === null) return null;
    if (axis.words) return axis.categories.length > 1 ? value / (axis.categories.length - 1) : 0.5;
    const [low, high] = span(axis);
    return high > low ? ((axis.log ? Math.log(value) : value) - low) / (high - low) : 0.5;
  }

  function valueAt(axis, place) {
    const [low, high] = span(axis);
    const value = low + place * (high - low);
    return axis.log ? Math.exp(value) : value;
  }

  // What stands at a place, in words.
  function wordsAt(axis, place) {
    if (axis.words) return axis.categories[Math.round(place * (axis.categories.length - 1))] ?? "–";
    return axis.min === null ? "–" : formatter(axis.kind)(valueAt(axis, place), true);
  }

  class Drawing {
    constructor(canvas, payload) {
      this.canvas = canvas;
      this.payload = payload;
      this.places = payload.axes.map((axis) => axis.values.map((value) => placeOf(axis, value)));
    }

    resize() {
      const plot = this.canvas.parentElement;
      const axes = this.payload.axes.length;
      const height = document.fullscreenElement?.contains(this.canvas) ? Math.max(HEIGHT, window.innerHeight - 320) : HEIGHT;
      this.width = Math.max(plot.clientWidth, 2 * SIDE + (axes - 1) * NARROWEST);
      this.height = height;
      const ratio = window.devicePixelRatio || 1;
      this.canvas.width = this.width * ratio;
      this.canvas.height = height * ratio;
      this.canvas.style.width = `${this.width}px`;
      this.canvas.style.height = `${height}px`;
      this.ctx = this.canvas.getContext("2d");
      this.ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      this.colours = { ...textColours(), scale: Array.from({ length: SCALE }, (_, i) => token(`--chart-scale-${i + 1}`)) };
      this.lineColours = this.payload.names.map((_, line) => this.colourOf(line));
    }

    x(axis) {
      return SIDE + (axis * (this.width - 2 * SIDE)) / Math.max(1, this.payload.axes.length - 1);
    }

    // Lines without a value pass below the axis.
    y(place) {
      return place === null ? this.height - BOTTOM + 16 : this.height - BOTTOM - place * (this.height - TOP - BOTTOM);
    }

    placeAt(y) {
      return Math.min(1, Math.max(0, (this.height - BOTTOM - y) / (this.height - TOP - BOTTOM)));
    }

    axisAt(x) {
      const found = this.payload.axes.findIndex((_, axis) => Math.abs(this.x(axis) - x) <= 14);
      return found < 0 ? null : found;
    }

    colourOf(line) {
      const by = this.payload.colour;
      if (!by) return token("--chart-1");
      const value = by.values[line];
      if (value === null) return token("--chart-reference");
      if (by.words) return token(`--chart-${(value % 8) + 1}`);
      return this.colours.scale[Math.min(SCALE - 1, Math.floor(placeOf(by, value) * SCALE))];
    }

    path(line) {
      const { ctx } = this;
      ctx.beginPath();
      this.places.forEach((column, axis) => {
        if (axis) ctx.lineTo(this.x(axis), this.y(column[line]));
        else ctx.moveTo(this.x(axis), this.y(column[line]));
      });
      ctx.stroke();
    }

    draw({ brushes, chosen, hovered }) {
      const { ctx, payload } = this;
      ctx.clearRect(0, 0, this.width, this.height);
      const count = payload.names.length;
      const narrowed = chosen.size < count;
      ctx.lineWidth = 1;
      ctx.lineJoin = "round";
      if (narrowed) {
        ctx.globalAlpha = 0.16;
        ctx.strokeStyle = this.colours.muted;
        for (let line = 0; line < count; line += 1) if (!chosen.has(line)) this.path(line);
      }
      ctx.globalAlpha = chosen.size > 300 ? 0.45 : 0.75;
      ctx.lineWidth = chosen.size > 100 ? 1 : 1.5;
      for (const line of chosen) {
        ctx.strokeStyle = this.lineColours[line];
        this.path(line);
      }
      ctx.globalAlpha = 1;
      if (payload.baseline !== null) this.stressed(payload.baseline, [6, 4]);
      if (hovered !== null) this.stressed(hovered, []);
      payload.axes.forEach((axis, index) => this.axis(axis, index, brushes[index]));
    }

    stressed(line, dash) {
      this.ctx.lineWidth = 3;
      this.ctx.setLineDash(dash);
      this.ctx.strokeStyle = this.colours.text;
      this.path(line);
      this.ctx.setLineDash([]);
    }

    axis(axis, index, brush) {
      const { ctx, colours } = this;
      const x = this.x(index);
      ctx.lineWidth = 1;
      ctx.strokeStyle = colours.muted;
      ctx.beginPath();
      ctx.moveTo(x, this.y(1));
      ctx.lineTo(x, this.y(0));
      ctx.stroke();
      ctx.textAlign = "center";
      ctx.textBaseline = "alphabetic";
      ctx.fillStyle = colours.text;
      ctx.font = `600 12px ${colours.font}`;
      this.write(axis.label, x, 14, this.spacing() - 8);
      ctx.font = `11px ${colours.font}`;
      ctx.fillStyle = colours.muted;
      if (axis.hint) this.write(axis.hint, x, 28, this.spacing() - 8);
      for (const place of this.ticks(axis)) this.tick(wordsAt(axis, place), x, this.y(place));
      if (axis.values.includes(null)) this.tick("no value", x, this.y(null));
      if (!brush) return;
      const [low, high] = [this.y(brush[0]), this.y(brush[1])];
      ctx.fillStyle = colours.drag;
      ctx.strokeStyle = colours.text;
      ctx.fillRect(x - 8, high - 2, 16, low - high + 4);
      ctx.strokeRect(x - 8, high - 2, 16, low - high + 4);
    }

    spacing() {
      return (this.width - 2 * SIDE) / Math.max(1, this.payload.axes.length - 1);
    }

    ticks(axis) {
      if (axis.words) {
        const step = Math.ceil(axis.categories.length / 12);
        return axis.categories.flatMap((_, i) => (i % step ? [] : [placeOf(axis, i)]));
      }
      if (axis.min === null) return [];
      return axis.min === axis.max ? [0.5] : [0, 0.25, 0.5, 0.75, 1];
    }

    tick(words, x, y) {
      const { ctx, colours } = this;
      const width = Math.min(ctx.measureText(words).width, this.spacing() - 24);
      ctx.globalAlpha = 0.8;
      ctx.fillStyle = colours.plate;
      ctx.fillRect(x + 5, y - 7, width + 6, 14);
      ctx.globalAlpha = 1;
      ctx.fillStyle = colours.muted;
      ctx.textAlign = "left";
      ctx.textBaseline = "middle";
      this.write(words, x + 8, y, this.spacing() - 24);
      ctx.fillRect(x - 3, y, 6, 1);
    }

    // Cut with an ellipsis where it does not fit; the whole name stands in the list of ranges and in the table.
    write(words, x, y, room) {
      let text = words;
      while (text.length > 2 && this.ctx.measureText(text).width > room) text = `${text.slice(0, -2)}…`;
      this.ctx.fillText(text, x, y);
    }

    // The line nearest to a point, within 8 px of it; null where there is none.
    lineAt(x, y, chosen) {
      const axis = this.payload.axes.findIndex((_, index) => index + 1 < this.payload.axes.length && x >= this.x(index) && x <= this.x(index + 1));
      if (axis < 0) return null;
      const share = (x - this.x(axis)) / (this.x(axis + 1) - this.x(axis));
      let best = null;
      let distance = 8;
      for (const line of chosen) {
        const [from, to] = [this.y(this.places[axis][line]), this.y(this.places[axis + 1][line])];
        const away = Math.abs(from + share * (to - from) - y);
        if (away < distance) [best, distance] = [line, away];
      }
      return best;
    }
  }

  window.mlopsParallel = { Drawing, wordsAt };
})();
