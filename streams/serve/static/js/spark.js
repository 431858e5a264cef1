// A sparkline: the course of a KPI over the window in a few strokes, with target and benchmark.

import { svg } from "./dom.js";

const WIDTH = 100, HEIGHT = 30, MARGIN = 2;
const GROWTH = 4; // a target so far away that it would flatten the line more than this is not drawn

/** A drawing of fixed size, hidden from screen readers: what it shows is also said in words. */
export class Spark {
  constructor() {
    this.band = svg("rect", { class: "spark-band", x: 0, width: WIDTH, hidden: true });
    this.sure = svg("path", { class: "spark-sure" });
    this.line = svg("path", { class: "spark-line" });
    this.last = svg("path", { class: "spark-last" });
    this.target = svg("line", { class: "spark-target", x1: 0, x2: WIDTH, hidden: true });
    const parts = [this.band, this.sure, this.target, this.line, this.last];
    const viewBox = `0 0 ${WIDTH} ${HEIGHT}`;
    this.node = svg("svg", { class: "spark", viewBox, preserveAspectRatio: "none", "aria-hidden": "true" }, ...parts);
  }

  /** Draw a series of `/api/v1/series`; target and benchmark are null where they do not apply. */
  draw({ times, values, lower, upper }, target, benchmark) {
    const known = values.filter((value) => value !== null);
    const scale = scaleOf(known, target, benchmark);
    const x = placeOf(times), y = scale.y;
    this.line.setAttribute("d", strokes(values, x, y));
    this.sure.setAttribute("d", area(lower, upper, x, y, scale.span));
    this.last.setAttribute("d", dot(values, x, y));
    line(this.target, scale.target, y);
    rectangle(this.band, scale.benchmark, y);
  }

  clear() {
    this.draw({ times: [], values: [], lower: [], upper: [] }, null, null);
  }
}

function placeOf(times) {
  const first = times[0], span = times.at(-1) - first || 1;
  return (at) => MARGIN + ((times[at] - first) / span) * (WIDTH - 2 * MARGIN);
}

/** From value to height, over the values and, as far as these stay readable, target and benchmark. */
function scaleOf(known, target, benchmark) {
  const low = Math.min(...known), high = Math.max(...known);
  const shown = { target: within(target, low, high), benchmark: null };
  if (benchmark && [benchmark.low, benchmark.high].every((edge) => within(edge, low, high) !== null)) {
    shown.benchmark = benchmark;
  }
  const edges = [...known, ...(shown.target === null ? [] : [shown.target])];
  if (shown.benchmark) edges.push(benchmark.low, benchmark.high);
  const bottom = Math.min(...edges), span = Math.max(...edges) - bottom;
  const y = (value) => (span ? HEIGHT - MARGIN - ((value - bottom) / span) * (HEIGHT - 2 * MARGIN) : HEIGHT / 2);
  return { ...shown, y, span };
}

function within(edge, low, high) {
  if (edge === null || edge === undefined || !Number.isFinite(low)) return null;
  const span = Math.max(high, edge) - Math.min(low, edge);
  return high === low || span <= GROWTH * (high - low) ? edge : null;
}

/** A line that breaks where there is no value; a lone value is a dot. */
function strokes(values, x, y) {
  const parts = values.map((value, at) => {
    if (value === null) return "";
    const begins = at === 0 || values[at - 1] === null;
    const alone = begins && (values[at + 1] ?? null) === null;
    return `${begins ? "M" : "L"}${point(x(at), y(value))}${alone ? "h0" : ""}`;
  });
  return parts.join("");
}

function dot(values, x, y) {
  const at = values.findLastIndex((value) => value !== null);
  return at < 0 ? "" : `M${point(x(at), y(values[at]))}h0`;
}

/** Between the bounds, where both are known; bounds that mostly lie outside of the drawing would only fill it. */
function area(lower, upper, x, y, span) {
  const known = [...lower.keys()].filter((at) => lower[at] !== null && upper[at] !== null);
  const width = known.reduce((sum, at) => sum + upper[at] - lower[at], 0) / known.length;
  if (known.length < 2 || width > span) return "";
  const inside = (value) => Math.min(HEIGHT, Math.max(0, y(value)));
  const there = known.map((at) => point(x(at), inside(upper[at])));
  const back = known.reverse().map((at) => point(x(at), inside(lower[at])));
  return `M${[...there, ...back].join("L")}Z`;
}

function line(node, value, y) {
  node.toggleAttribute("hidden", value === null);
  if (value === null) return;
  node.setAttribute("y1", y(value).toFixed(1));
  node.setAttribute("y2", y(value).toFixed(1));
}

function rectangle(node, range, y) {
  node.toggleAttribute("hidden", range === null);
  if (range === null) return;
  const top = y(range.high), bottom = y(range.low);
  node.setAttribute("y", (top - 0.5).toFixed(1));
  node.setAttribute("height", Math.max(1, bottom - top).toFixed(1));
}

function point(x, y) {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}
