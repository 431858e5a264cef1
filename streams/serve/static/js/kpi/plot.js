// A large chart over time, by uPlot: lines or bars, the bounds of what has any, a target and a benchmark.
//
// The canvas is for eyes. It lies in a slider over the points, by which the arrow keys (Home and End, page up
// and down) go from point to point and a screen reader hears each; pointer and keys show the same.

import uPlot from "../../vendor/uplot/uPlot.esm.js";
import { el, setAttribute } from "../dom.js";
import { onTheme } from "../theme.js";
import { dot, faint, ink, levelLine } from "./drawing.js";
import { lastPlace, scaleOf } from "./points.js";
import { axisText, commonSamples, pointText } from "./saying.js";
import { momentOf, ticks } from "./times.js";

const NARROW = 35; // rem, as are all lengths that are not in pixels
const MOVES = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
/** Closer than so many pixels single points are not drawn, only lines. */
const CROWDED_PX = 9;
const GROUP_AXIS = 6.5;
const DASHES = [[], [6, 4], [2, 3], [10, 4, 2, 4]];
const COLUMNS = 3;
const DAY_STEPS = [1, 2, 7, 14, 28, 56, 91, 182].map((days) => days * 86_400);
const TIME_STEPS = [
  ...[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800],
  ...[21_600, 43_200, 86_400, 172_800, 432_000, 864_000, 1_728_000, 4_320_000, 8_640_000, 17_280_000],
];

export class Plot {
  /**
   * `label` says of the slider what it goes through. Charts of one `group` stand below each other: they share
   * their pointer, and their time axes begin at one place.
   */
  constructor(label, group = null) {
    this.group = group;
    this.canvas = el("div", { class: "plot-canvas", "aria-hidden": "true" });
    this.readout = el("p", { class: "readout", "aria-hidden": "true" });
    this.slider = el("div", { class: "plot", role: "slider", tabindex: "0", "aria-label": label }, this.canvas);
    this.node = el("div", { class: "plot-frame" }, this.readout, this.slider);
    this.shape = "";
    this.at = null;
    this.slider.addEventListener("keydown", (event) => this.#key(event));
    this.slider.addEventListener("blur", () => this.#point(null));
    new ResizeObserver(() => this.#resize()).observe(this.slider);
    onTheme(() => this.uplot?.redraw());
  }

  /**
   * Show `{times, lines}` of `aligned` with `unit`, `currency`, `zone`, `step`, `bars`, and the marks `target`
   * and `benchmark`, which may be null.
   */
  show(shown) {
    this.shown = shown;
    const { lines, unit, step, bars, zone } = shown;
    const shape = JSON.stringify([lines.map(({ name, colour }) => [name, colour]), unit, step, bars, zone]);
    if (shape === this.shape) this.uplot.setData(this.#columns());
    else this.#build(shape);
    this.#tell();
  }

  #build(shape) {
    this.shape = shape;
    this.uplot?.destroy();
    this.uplot = new uPlot(this.#options(), this.#columns(), this.canvas);
  }

  /** Of each line both bounds and the value: of all points, and of those that rest on enough samples. */
  #columns() {
    const { times, lines } = this.shown;
    const sure = (column, { weak }) => column.map((value, at) => (weak[at] ? null : value));
    const all = (line) => [line.upper, line.lower, line.values];
    return [times, ...lines.flatMap((line) => [...all(line), ...all(line).map((column) => sure(column, line))])];
  }

  #options() {
    const { lines, zone } = this.shown;
    return {
      ...this.#size(),
      tzDate: (time) => uPlot.tzDate(new Date(time * 1_000), zone),
      padding: [10, 26, 0, 0],
      legend: { show: false },
      cursor: this.#cursor(),
      scales: { x: { range: (_, from, to) => this.#reach(from, to) }, y: { range: () => this.#scale() } },
      axes: [this.#timeAxis(), this.#valueAxis()],
      series: [{}, ...lines.flatMap((line, at) => this.#series(line, at))],
      bands: lines.flatMap(({ colour }, at) => bands(colour, 2 * COLUMNS * at + 1)),
      hooks: {
        drawClear: [(plot) => this.#behind(plot)],
        draw: [(plot) => this.#before(plot)],
        setCursor: [({ cursor }) => this.#tell(cursor.idx ?? null)],
      },
    };
  }

  #cursor() {
    const sync = this.group === null ? undefined : { key: this.group, scales: ["x", null] };
    return { y: false, drag: { x: false, y: false }, points: { show: false }, sync };
  }

  /** Bars stand to the right of their pane's start, so the last needs room. */
  #reach(from, to) {
    const { times, bars } = this.shown;
    const pane = times.length > 1 ? times.at(-1) - times.at(-2) : 60;
    if (bars) return [from, to + pane];
    return from === to ? [from - pane, to + pane] : [from, to];
  }

  #scale() {
    const { lines, unit, bars } = this.shown;
    return scaleOf(lines, bars ? [0, ...this.#marks()] : this.#marks(), unit);
  }

  #marks() {
    const { target, benchmark } = this.shown;
    return [target, benchmark?.low, benchmark?.high].filter((mark) => mark !== null && mark !== undefined);
  }

  #timeAxis() {
    const { step, zone } = this.shown;
    const days = step === "day";
    return {
      ...axis(),
      space: rem(5),
      gap: 10,
      size: rem(days ? 2 : 3.1),
      grid: { show: false },
      ...(days && { incrs: DAY_STEPS }),
      values: (_, splits) => ticks(splits, step, zone),
    };
  }

  #valueAxis() {
    const { unit, currency } = this.shown;
    const longest = (texts) => Math.max(0, ...(texts ?? []).map((text) => text?.length ?? 0));
    return {
      ...axis(),
      space: rem(2.8),
      size: (_, texts) => (this.group === null ? rem(1.1 + 0.44 * longest(texts)) : rem(GROUP_AXIS)),
      ...(unit === "seconds" && { incrs: TIME_STEPS }),
      values: (_, splits) => splits.map((value) => axisText(value, unit, currency)),
    };
  }

  #series({ colour }, at) {
    const unseen = { stroke: "transparent", points: { show: false } };
    const [few, enough] = this.shown.bars ? bars(colour) : [weakLine(colour), strongLine(colour, at)];
    return [unseen, unseen, few, unseen, unseen, enough];
  }

  /** Behind the lines: the benchmark's band, at least as high as can be seen. */
  #behind({ ctx, bbox, valToPos }) {
    const { benchmark } = this.shown;
    if (!benchmark) return;
    const [top, bottom] = [benchmark.high, benchmark.low].map((value) => valToPos(value, "y", true));
    ctx.save();
    ctx.fillStyle = ink("--band");
    ctx.fillRect(bbox.left, top, bbox.width, Math.max(3 * uPlot.pxRatio, bottom - top));
    ctx.restore();
  }

  /** Before the lines: the target, and the single points. */
  #before(plot) {
    const { target, lines } = this.shown;
    const { left, width } = plot.bbox;
    if (target !== null) {
      const line = { left, right: left + width, stroke: ink("--target"), width: rem(0.09) * uPlot.pxRatio };
      levelLine(plot.ctx, { ...line, y: plot.valToPos(target, "y", true) });
    }
    if (!this.shown.bars) for (const line of lines) this.#dots(plot, line);
  }

  /** Hollow where there are few samples, or where the pane still runs. */
  #dots(plot, line) {
    const { times } = this.shown;
    const crowded = plot.bbox.width / uPlot.pxRatio / times.length < CROWDED_PX;
    const running = line.running ? times.length - 1 : -1;
    line.values.forEach((value, at) => {
      if (value === null || (crowded && at !== running && !alone(line.values, at))) return;
      const hollow = line.weak[at] || at === running;
      const place = { x: plot.valToPos(times[at], "x", true), y: plot.valToPos(value, "y", true) };
      const edge = line.weak[at] ? faint(line.colour, 0.55) : ink(line.colour);
      dot(plot.ctx, { ...place, radius: rem(0.19) * uPlot.pxRatio, edge, fill: hollow ? ink("--card") : edge });
    });
  }

  // -- Going from point to point

  #key(event) {
    const last = (this.shown?.times.length ?? 0) - 1;
    const from = this.at ?? this.#usual();
    const to = { Home: 0, End: last }[event.key] ?? (event.key in MOVES ? from + MOVES[event.key] : undefined);
    if (last < 0 || to === undefined) return;
    event.preventDefault();
    this.#point(Math.min(last, Math.max(0, to)));
  }

  #point(at) {
    this.at = at;
    if (!this.uplot) return;
    const left = at === null ? -10 : this.uplot.valToPos(this.shown.times[at], "x");
    this.uplot.setCursor({ left, top: at === null ? -10 : 0 });
    this.#tell();
  }

  #usual() {
    return this.shown ? lastPlace(this.shown) : -1;
  }

  /** Say the point at `at`, or else the one that the keys have reached, or the last. */
  #tell(at = null) {
    const { times, lines, step, zone } = this.shown;
    const place = Math.min(at ?? this.at ?? this.#usual(), times.length - 1);
    const texts = place < 0 ? [] : lines.map((line) => pointText(line, place, this.shown));
    const when = place < 0 ? "no points" : [momentOf(times[place], step, zone), commonSamples(this.shown, place)].filter(Boolean).join(", ");
    const parts = texts.map((text, line) => said(lines[line], text));
    this.readout.replaceChildren(el("span", { class: "when", text: when }), ...parts);
    const values = { min: 0, max: Math.max(0, times.length - 1), now: Math.max(0, place), text: [when, ...texts].join("; ") };
    for (const [name, value] of Object.entries(values)) setAttribute(this.slider, `aria-value${name}`, value);
  }

  // -- Its size

  #size() {
    const width = Math.max(220, this.slider.clientWidth);
    const height = rem(width < rem(NARROW) ? 13 : 18);
    return { width, height: this.group === null ? height : 0.6 * height };
  }

  #resize() {
    const size = this.#size();
    if (this.uplot && size.width !== this.uplot.width) this.uplot.setSize(size);
  }
}

function said({ colour, name }, text) {
  return el("span", { class: "said" }, name ? swatch(colour) : null, text);
}

/** A patch in the colour of a line. */
function swatch(colour) {
  const node = el("span", { class: "swatch", "aria-hidden": "true" });
  node.style.setProperty("--of", `var(${colour})`);
  return node;
}

/** What lies between the bounds, fainter where there are few samples; `at` is the first of a line's columns. */
function bands(colour, at) {
  const band = (from, share) => ({ series: [from, from + 1], fill: () => faint(colour, share) });
  return [band(at, 0.09), band(at + COLUMNS, 0.12)];
}

/** A length of the page's style, in pixels: on a wall everything is larger. */
function rem(length) {
  return length * parseFloat(getComputedStyle(document.documentElement).fontSize);
}

function axis() {
  const font = `${Math.round(rem(0.78))}px system-ui, sans-serif`;
  const grid = { stroke: () => ink("--line"), width: 1 };
  return { stroke: () => ink("--faint"), font, grid, ticks: { show: false }, border: { show: false } };
}

function bars(colour) {
  const looks = { paths: uPlot.paths.bars({ size: [0.75, 60], align: 1 }), width: 0, points: { show: false } };
  return [{ ...looks, fill: () => faint(colour, 0.4) }, { ...looks, fill: () => ink(colour) }];
}

function weakLine(colour) {
  return { stroke: () => faint(colour, 0.5), width: rem(0.08), dash: [3, 3], points: { show: false } };
}

function strongLine(colour, at) {
  return { stroke: () => ink(colour), width: rem(0.125), dash: DASHES[at % DASHES.length], points: { show: false } };
}

function alone(values, at) {
  return (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null;
}
