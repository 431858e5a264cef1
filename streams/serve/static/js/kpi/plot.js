/**
 * A large chart over time, by uPlot: lines or bars, the bounds of what has any, a target and a benchmark.
 *
 * The canvas is for eyes. Beside it stands a slider over the points, by which the arrow keys (Home and End,
 * page up and down) go from point to point and a screen reader hears each; pointer and keys show the same.
 */

import uPlot from "../../vendor/uPlot/uPlot.esm.js";
import { element, replace } from "../dom.js";
import { formatValue } from "../format.js";
import { lastPlace, scaleOf } from "./points.js";
import { momentOf, ticks } from "./times.js";

const HEIGHT = { narrow: 220, normal: 300, large: 420 };
const NARROW_PX = 560;
const LARGE_PX = 2000;
const AXIS_SPACE = { x: 72, y: 42 };
const PAGE = 10;
const DASHES = [[], [6, 4], [2, 3], [10, 4, 2, 4]];

/**
 * A chart that shows nothing until its `show` is called, again for every change of what is shown.
 *
 * @param {string} label of the slider: what the chart is of
 */
export class Plot {
  constructor(label) {
    this.readout = element("p", { class: "readout" });
    this.canvas = element("div", { class: "plot-canvas", "aria-hidden": "true" });
    this.slider = element("div", { class: "plot", role: "slider", tabindex: "0", "aria-label": label });
    this.slider.append(this.canvas);
    this.element = element("div", {}, [this.readout, this.slider]);
    this.uplot = null;
    this.shape = "";
    this.at = null;
    this.slider.addEventListener("keydown", (event) => this.#key(event));
    this.slider.addEventListener("blur", () => this.#point(null));
    this.resizes = new ResizeObserver(() => this.#resize());
    this.resizes.observe(this.canvas);
  }

  /**
   * @param {object} shown `{times, lines}` of `aligned`, and `unit`, `currency`, `zone`, `step`, `bars`,
   *   `target`, `benchmark` ({low, high} or null)
   */
  show(shown) {
    this.shown = shown;
    const shape = JSON.stringify([shown.lines.map((line) => line.name), shown.unit, shown.step, shown.bars, shown.zone]);
    if (shape !== this.shape) this.#build(shape);
    else this.uplot.setData(this.#columns());
    this.#tell(this.at);
  }

  /** Draw again: the theme has changed. */
  redraw() {
    this.uplot?.redraw(false);
  }

  close() {
    this.resizes.disconnect();
    this.uplot?.destroy();
  }

  #build(shape) {
    this.shape = shape;
    this.uplot?.destroy();
    this.uplot = new uPlot(this.#options(), this.#columns(), this.canvas);
  }

  #columns() {
    const { times, lines } = this.shown;
    const columns = lines.flatMap((line) => [line.upper, line.lower, line.values, strong(line)]);
    return [times, ...columns];
  }

  #options() {
    const { lines, zone } = this.shown;
    return {
      ...this.#size(),
      tzDate: (time) => uPlot.tzDate(new Date(time * 1000), zone),
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { time: true }, y: { range: () => scaleOf(this.shown.lines, this.#marks(), this.shown.unit) } },
      axes: this.#axes(),
      series: [{}, ...lines.flatMap((line, at) => this.#series(line, at))],
      bands: lines.map((line, at) => ({ series: [4 * at + 1, 4 * at + 2], fill: () => faded(colour(line.colour), 0.16) })),
      hooks: {
        drawClear: [(plot) => this.#behind(plot)],
        draw: [(plot) => this.#before(plot)],
        setCursor: [(plot) => this.#hover(plot)],
      },
    };
  }

  #axes() {
    const { unit, currency, step, zone } = this.shown;
    const looks = { stroke: () => colour("--faint"), grid: { stroke: () => colour("--line"), width: 1 }, ticks: { show: false } };
    const font = () => "12px system-ui, sans-serif";
    return [
      { ...looks, font: font(), space: AXIS_SPACE.x, values: (_, splits) => ticks(splits, step, zone), grid: { show: false } },
      {
        ...looks,
        font: font(),
        space: AXIS_SPACE.y,
        size: (_, values) => Math.max(44, 12 + 6.6 * Math.max(0, ...(values ?? []).map((text) => text?.length ?? 0))),
        incrs: unit === "seconds" ? TIME_STEPS : undefined,
        values: (_, splits) => splits.map((value) => axisText(value, unit, currency)),
      },
    ];
  }

  /** Upper and lower bound (only their band is seen), all values, and those that rest on enough samples. */
  #series(line, at) {
    const { bars } = this.shown;
    const stroke = () => colour(line.colour);
    const unseen = { stroke: "transparent", width: 0, points: { show: false } };
    const paths = bars ? { paths: uPlot.paths.bars({ size: [0.7, 48], align: 1 }), width: 0 } : { width: 2 };
    const dash = DASHES[at % DASHES.length];
    const weak = { stroke: () => faded(stroke(), 0.45), fill: bars ? () => faded(stroke(), 0.35) : undefined };
    return [
      unseen,
      unseen,
      { ...paths, ...weak, width: bars ? 0 : 1.25, dash: bars ? undefined : [3, 3], points: { show: false } },
      { ...paths, stroke, fill: bars ? stroke : undefined, dash, points: { show: false } },
    ];
  }

  #marks() {
    const { target, benchmark } = this.shown;
    return [target, benchmark?.low, benchmark?.high].filter((mark) => mark !== null && mark !== undefined);
  }

  /** Behind the lines: the benchmark's band. */
  #behind(plot) {
    const { benchmark } = this.shown;
    if (!benchmark) return;
    const [top, bottom] = [benchmark.high, benchmark.low].map((value) => plot.valToPos(value, "y", true));
    const { left, width } = plot.bbox;
    plot.ctx.save();
    plot.ctx.fillStyle = faded(colour("--benchmark"), 0.2);
    plot.ctx.fillRect(left, top, width, Math.max(2 * uPlot.pxRatio, bottom - top));
    plot.ctx.restore();
  }

  /** Before the lines: the target, and the single points. */
  #before(plot) {
    if (this.shown.target !== null && this.shown.target !== undefined) this.#target(plot);
    if (!this.shown.bars) this.shown.lines.forEach((line) => this.#points(plot, line));
  }

  #target(plot) {
    const { left, width } = plot.bbox;
    const y = plot.valToPos(this.shown.target, "y", true);
    stroked(plot.ctx, { colour: colour("--target"), width: 1.5, dash: [8, 5] }, (context) => {
      context.moveTo(left, y);
      context.lineTo(left + width, y);
    });
  }

  /** Filled where there are enough samples, small and hollow where there are few or the pane still runs. */
  #points(plot, line) {
    const { times } = this.shown;
    const last = line.running ? times.length - 1 : -1;
    const crowded = plot.bbox.width / uPlot.pxRatio / times.length < 9;
    line.values.forEach((value, at) => {
      const alone = lonely(line.values, at);
      if (value === null || (crowded && !alone && at !== last)) return;
      const [x, y] = [plot.valToPos(times[at], "x", true), plot.valToPos(value, "y", true)];
      const hollow = line.weak[at] || at === last;
      dot(plot.ctx, x, y, hollow ? 2.5 : 3, colour(line.colour), hollow ? colour("--card") : colour(line.colour));
    });
  }

  #hover(plot) {
    if (plot.cursor.event) this.#tell(plot.cursor.idx ?? null);
  }

  #key(event) {
    const last = this.shown ? this.shown.times.length - 1 : -1;
    const from = this.at ?? lastPlace(this.shown ?? { times: [], lines: [] });
    const moves = { ArrowLeft: from - 1, ArrowDown: from - 1, ArrowRight: from + 1, ArrowUp: from + 1, PageDown: from - PAGE, PageUp: from + PAGE, Home: 0, End: last };
    if (last < 0 || !(event.key in moves)) return;
    event.preventDefault();
    this.#point(Math.min(last, Math.max(0, moves[event.key])));
  }

  #point(at) {
    this.at = at;
    if (!this.uplot) return;
    const left = at === null ? -10 : this.uplot.valToPos(this.shown.times[at], "x");
    this.uplot.setCursor({ left, top: at === null ? -10 : 10 }, false);
    this.#tell(at);
  }

  /** Say the point at `at`, or the last one. */
  #tell(at) {
    const place = Math.min(at ?? lastPlace(this.shown), this.shown.times.length - 1);
    const said = place < 0 ? [] : this.#said(place);
    replace(this.readout, said.map(({ text, line }) => element("span", { class: line === null ? "when" : `line line-${line}` }, [text])));
    const values = { min: 0, max: Math.max(0, this.shown.times.length - 1), now: Math.max(0, place), text: said.map((one) => one.text).join(", ") || "no points" };
    Object.entries(values).forEach(([name, value]) => this.slider.setAttribute(`aria-value${name}`, String(value)));
  }

  #said(place) {
    const { times, lines, unit, currency, step, zone } = this.shown;
    const moment = { text: momentOf(times[place], step, zone), line: null };
    return [moment, ...lines.map((line, at) => ({ text: pointText(line, place, unit, currency, place === times.length - 1), line: at }))];
  }

  #size() {
    const width = Math.max(200, this.canvas.clientWidth);
    const large = width > LARGE_PX ? HEIGHT.large : HEIGHT.normal;
    return { width, height: width < NARROW_PX ? HEIGHT.narrow : large };
  }

  #resize() {
    const size = this.#size();
    if (this.uplot && size.width !== this.uplot.width) this.uplot.setSize(size);
  }
}

/** What is said of one point: name, value, bounds, samples, and what weakens it. */
function pointText(line, place, unit, currency, isLast) {
  const value = line.values[place];
  const bounds = line.lower[place] === null ? "" : ` (${formatValue(line.lower[place], unit, currency)} to ${formatValue(line.upper[place], unit, currency)})`;
  const samples = line.samples[place] === null || line.hideSamples ? "" : `, ${formatValue(line.samples[place], "count")} samples`;
  const doubts = [line.weak[place] && "few samples", isLast && line.running && "still running"].filter(Boolean);
  const name = line.name ? `${line.name} ` : "";
  return `${name}${formatValue(value, unit, currency)}${value === null ? "" : bounds + samples}${doubts.length > 0 ? ` – ${doubts.join(", ")}` : ""}`;
}

/** Values on enough samples; others are left to the weaker line. */
function strong(line) {
  return line.values.map((value, at) => (line.weak[at] ? null : value));
}

function lonely(values, at) {
  return (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null;
}

const TIME_STEPS = [0.001, 0.01, 0.1, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 432000, 864000, 2592000, 8640000];

/** As short as an axis needs it: without decimals that are 0. */
function axisText(value, unit, currency) {
  const text = formatValue(value, unit, currency);
  return text.replace(/\.0+(?= |$)/, "").replace(/( 0 (s|min|h))$/, "").replace(/^\+0$/, "0");
}

function dot(context, x, y, radius, edge, fill) {
  context.save();
  context.beginPath();
  context.arc(x, y, radius * uPlot.pxRatio, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = edge;
  context.lineWidth = 1.5 * uPlot.pxRatio;
  context.stroke();
  context.restore();
}

function stroked(context, { colour: style, width, dash }, draw) {
  context.save();
  context.strokeStyle = style;
  context.lineWidth = width * uPlot.pxRatio;
  context.setLineDash(dash.map((length) => length * uPlot.pxRatio));
  context.beginPath();
  draw(context);
  context.stroke();
  context.restore();
}

/** A colour of the theme that is in force. */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";
}

function faded(of, share) {
  return `color-mix(in srgb, ${of} ${Math.round(100 * share)}%, transparent)`;
}
