// One chart, by uPlot. Colours come from the style sheet, so that dark and light both work.

import { within } from "../series.js";
import { ticks } from "../words.js";

/* global uPlot */

const HEIGHT = 190;
const DIGIT = 6.7; // px, at most, in the axes' font
// Labels of the time axis: px that one takes, and the seconds from one to the next.
const SECONDS = { space: 66, steps: [1, 2, 5, 10, 15, 20, 30] };
const MINUTES = {
  space: 46,
  steps: [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 360, 720].map((each) => each * 60),
};
const DAY = 86400;
const STEPS = [...SECONDS.steps, ...MINUTES.steps, DAY, 2 * DAY, 5 * DAY, 30 * DAY];
const DARK = matchMedia("(prefers-color-scheme: dark)");

class RolloutChart extends HTMLElement {
  #plot = null;
  #data = null;
  #shape = "";
  #width = new ResizeObserver(() => this.#fit());
  #repaint = () => this.#plot?.redraw(false, true);

  connectedCallback() {
    this.#width.observe(this);
    DARK.addEventListener("change", this.#repaint);
    if (this.#data) this.data = this.#data;
  }

  disconnectedCallback() {
    this.#width.disconnect();
    DARK.removeEventListener("change", this.#repaint);
    this.#plot?.destroy();
    this.#plot = null;
  }

  /** `{ unit, columns, lines, marks, bands, from }`: what to draw. */
  set data(data) {
    const same = this.#data && this.#data.columns[0] === data.columns[0];
    this.#data = data;
    if (!this.isConnected || (same && this.#plot)) return;
    const shape = JSON.stringify([data.unit, data.lines]);
    if (this.#plot && shape === this.#shape) {
      this.#plot.setData(data.columns);
      return;
    }
    this.#shape = shape;
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#options(), data.columns, this);
  }

  #fit() {
    const width = Math.floor(this.clientWidth);
    if (this.#plot && width && width !== this.#plot.width) {
      this.#plot.setSize({ width, height: HEIGHT });
    }
  }

  #options() {
    const axis = { stroke: () => colour("--quiet"), grid: { stroke: () => colour("--line"), width: 1 }, ticks: { show: false } };
    return {
      width: Math.max(200, Math.floor(this.clientWidth)),
      height: HEIGHT,
      padding: [18, 26, 0, 0],
      cursor: { drag: { x: false, y: false }, points: { show: false } },
      legend: { markers: { dash: (_, index) => (this.#data.lines[index - 1]?.dash ? "dashed" : "solid") } },
      scales: { y: { range: (_, low, high) => frame(low, high, this.#data.from) } },
      axes: [
        { ...axis, size: 30, space: roomForTime, incrs: STEPS, values: clockwise },
        { ...axis, size: roomForWords, values: (_, values) => ticks(values, this.#data.unit) },
      ],
      series: [{ value: (_, at) => (at ? time(at) : "–") }, ...this.#data.lines.map((line) => this.#line(line))],
      hooks: { drawClear: [(plot) => this.#bands(plot)], draw: [(plot) => this.#marks(plot)] },
    };
  }

  #line({ label, tone, width, dash, stepped }) {
    return {
      label,
      width,
      dash,
      stroke: () => colour(tone),
      points: { show: true, size: 5, filter: (plot, index) => alone(plot.data[index]) },
      paths: stepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
      value: (_, value) => ticks([value], this.#data.unit)[0],
    };
  }

  #bands({ ctx, bbox, valToPos }) {
    for (const { from, to, ruling } of this.#data.bands) {
      const [left, right] = [from, to].map((at) => inside(valToPos(at, "x", true), bbox));
      ctx.fillStyle = colour(ruling === "rollback" ? "--bad-band" : "--warn-band");
      ctx.fillRect(left, bbox.top, Math.max(2, right - left), bbox.height);
    }
  }

  #marks({ ctx, bbox, valToPos, scales }) {
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour("--quiet");
    ctx.lineWidth = ratio;
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    const half = 15 * ratio; // of a label
    ctx.textAlign = "center";
    let written = Infinity;
    // Where labels would overlap, the newer says more.
    for (const { at, label } of within(this.#data.marks, scales.x).reverse()) {
      const x = Math.round(valToPos(at, "x", true));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      // At the left edge it would lie on the numbers there.
      const middle = Math.max(x, bbox.left + half);
      if (written - middle < 32 * ratio) continue;
      written = middle;
      ctx.fillText(label, written, bbox.top - 6 * ratio);
    }
    ctx.restore();
  }
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function inside(x, { left, width }) {
  return Math.min(left + width, Math.max(left, x));
}

/** Points without neighbours: no line shows them. */
function alone(column) {
  const known = (index) => column[index] !== null && column[index] !== undefined;
  return [...column.keys()].filter(
    (index) => known(index) && !known(index - 1) && !known(index + 1),
  );
}

/** Bounds of the y axis: all values with some room, also where they are all the same. */
function frame(low, high, from) {
  if (low === null || high === null) return [0, 1];
  const room = (high - low) * 0.12 || Math.abs(high) * 0.02 || 1;
  return [from ?? low - room, high + room];
}

function time(at, timeStyle = "medium") {
  return new Date(at * 1000).toLocaleTimeString(undefined, { hourCycle: "h23", timeStyle });
}

/** Space for a label of the time axis: those with seconds need more. */
function roomForTime(_, axis, from, to, width) {
  return ((to - from) * MINUTES.space) / width < MINUTES.steps[0] ? SECONDS.space : MINUTES.space;
}

/** Width of the value axis: its longest label and a gap. */
function roomForWords(_, words) {
  return Math.max(40, 12 + DIGIT * Math.max(0, ...(words ?? []).map((each) => each.length)));
}

function day(at) {
  return new Date(at * 1000).toLocaleDateString(undefined, { month: "short", day: "numeric" });
}

/** Times of day, with seconds where minutes would say the same twice; days where times would. */
function clockwise(_, times, axis, space, step) {
  if (step >= DAY) return times.map(day);
  const timeStyle = step < 60 ? "medium" : "short";
  return times.map((at) => time(at, timeStyle));
}

customElements.define("rollout-chart", RolloutChart);
