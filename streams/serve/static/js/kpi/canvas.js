// What uPlot draws of a chart: axes, lines or bars, the bounds of what has any, a target and a benchmark.

import uPlot from "../../vendor/uplot/uPlot.esm.js";
import { dot, faint, ink, levelLine, rem } from "./drawing.js";
import { scaleOf } from "./points.js";
import { axisText } from "./saying.js";
import { ticks } from "./times.js";

/** Closer than so many pixels single points are not drawn, only lines. */
const CROWDED_PX = 9;
const GROUP_AXIS = 6.5; // rem
const DASHES = [[], [6, 4], [2, 3], [10, 4, 2, 4]];
/** Upper bound, lower bound, value. */
const COLUMNS = 3;
const DAY_STEPS = [1, 2, 7, 14, 28, 56, 91, 182].map((days) => days * 86_400);
const TIME_STEPS = [
  ...[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800],
  ...[21_600, 43_200, 86_400, 172_800, 432_000, 864_000, 1_728_000, 4_320_000, 8_640_000, 17_280_000],
];
const UNSEEN = { stroke: "transparent", points: { show: false } };

/** Times, and of each line bounds and values: of all points, and of those that rest on enough samples. */
export function columnsOf({ times, lines }) {
  return [
    times,
    ...lines.flatMap((line) => [...ofLine(line), ...ofLine(line).map((column) => sure(column, line))]),
  ];
}

/** uPlot's options, without a size. `now()` is what is shown; its shape stays as it is at first. */
export function optionsOf(now, group) {
  const { lines, zone, bars } = now();
  return {
    tzDate: (time) => uPlot.tzDate(new Date(time * 1_000), zone),
    padding: [10, 26, 0, 0],
    legend: { show: false },
    cursor: cursorOf(group),
    scales: { x: { range: (_, from, to) => reach(now(), from, to) }, y: { range: () => scale(now()) } },
    axes: [timeAxis(now()), valueAxis(now(), group)],
    series: [{}, ...lines.flatMap((line, at) => seriesOf(line, at, bars))],
    bands: lines.flatMap(({ colour }, at) => bandsOf(colour, 2 * COLUMNS * at + 1)),
    hooks: { drawClear: [(plot) => behind(plot, now())], draw: [(plot) => before(plot, now())] },
  };
}

function ofLine({ upper, lower, values }) {
  return [upper, lower, values];
}

function sure(column, { weak }) {
  return column.map((value, at) => (weak[at] ? null : value));
}

function cursorOf(group) {
  const sync = group === null ? undefined : { key: group, scales: ["x", null] };
  return { y: false, drag: { x: false, y: false }, points: { show: false }, sync };
}

// -- Scales and axes

/** Bars stand to the right of their pane's start, so the last needs room. */
function reach({ times, bars }, from, to) {
  const pane = times.length > 1 ? times.at(-1) - times.at(-2) : 60;
  if (bars) return [from, to + pane];
  return from === to ? [from - pane, to + pane] : [from, to];
}

function scale({ lines, unit, bars, target, benchmark }) {
  const marks = [bars ? 0 : null, target, benchmark?.low ?? null, benchmark?.high ?? null];
  return scaleOf(lines, marks, unit);
}

function timeAxis({ step, zone }) {
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

function valueAxis({ unit, currency }, group) {
  const longest = (texts) => Math.max(0, ...(texts ?? []).map((text) => text?.length ?? 0));
  return {
    ...axis(),
    space: rem(2.8),
    size: (_, texts) => rem(group === null ? 1.1 + 0.44 * longest(texts) : GROUP_AXIS),
    ...(unit === "seconds" && { incrs: TIME_STEPS }),
    values: (_, splits) => splits.map((value) => axisText(value, unit, currency)),
  };
}

function axis() {
  const font = `${Math.round(rem(0.78))}px system-ui, sans-serif`;
  const grid = { stroke: () => ink("--line"), width: 1 };
  return { stroke: () => ink("--faint"), font, grid, ticks: { show: false }, border: { show: false } };
}

// -- Lines, bars, bands

/** In the order of `columnsOf`; what rests on few samples is paler, and drawn in dashes. */
function seriesOf({ colour }, at, bars) {
  const [few, enough] = bars ? barsOf(colour) : linesOf(colour, at);
  return [UNSEEN, UNSEEN, few, UNSEEN, UNSEEN, enough];
}

function barsOf(colour) {
  const looks = {
    paths: uPlot.paths.bars({ size: [0.75, 60], align: 1 }),
    width: 0,
    points: { show: false },
  };
  return [
    { ...looks, fill: () => faint(colour, 0.4) },
    { ...looks, fill: () => ink(colour) },
  ];
}

function linesOf(colour, at) {
  const points = { show: false };
  return [
    { stroke: () => faint(colour, 0.5), width: rem(0.08), dash: [3, 3], points },
    { stroke: () => ink(colour), width: rem(0.125), dash: DASHES[at % DASHES.length], points },
  ];
}

/** What lies between the bounds, fainter where there are few samples; `at` is the first of a line's columns. */
function bandsOf(colour, at) {
  const band = (from, share) => ({ series: [from, from + 1], fill: () => faint(colour, share) });
  return [band(at, 0.09), band(at + COLUMNS, 0.12)];
}

// -- Behind and before the lines

/** The benchmark's band, at least as high as can be seen. */
function behind({ ctx, bbox, valToPos }, { benchmark }) {
  if (!benchmark) return;
  const [top, bottom] = [benchmark.high, benchmark.low].map((value) => valToPos(value, "y", true));
  ctx.save();
  ctx.fillStyle = ink("--band");
  ctx.fillRect(bbox.left, top, bbox.width, Math.max(3 * uPlot.pxRatio, bottom - top));
  ctx.restore();
}

/** The target, and the single points. */
function before(plot, { target, lines, times, bars }) {
  const { left, width } = plot.bbox;
  if (target !== null) {
    const line = { left, right: left + width, stroke: ink("--target"), width: rem(0.09) * uPlot.pxRatio };
    levelLine(plot.ctx, { ...line, y: plot.valToPos(target, "y", true) });
  }
  if (!bars) for (const line of lines) dots(plot, line, times);
}

/** Hollow where there are few samples, or where the pane still runs. */
function dots(plot, line, times) {
  const crowded = plot.bbox.width / uPlot.pxRatio / times.length < CROWDED_PX;
  const running = line.running ? times.length - 1 : -1;
  line.values.forEach((value, at) => {
    if (value === null || (crowded && at !== running && !alone(line.values, at))) return;
    const place = { x: plot.valToPos(times[at], "x", true), y: plot.valToPos(value, "y", true) };
    const edge = line.weak[at] ? faint(line.colour, 0.55) : ink(line.colour);
    const fill = line.weak[at] || at === running ? ink("--card") : edge;
    dot(plot.ctx, { ...place, radius: rem(0.19) * uPlot.pxRatio, edge, fill });
  });
}

function alone(values, at) {
  return (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null;
}
