// The large chart of the chosen series over the chosen window, and the same numbers as a table.

import { el, setText } from "../dom.js";
import { formatValue, windowWords } from "../format.js";
import { holdsForPanes } from "../words.js";
import { Asking } from "./asking.js";
import { rangeWords } from "./judged.js";
import { section } from "./parts.js";
import { Plot } from "./plot.js";
import { PointTable } from "./point_table.js";
import { aligned, enoughSamples, isSum } from "./points.js";
import { seriesQuery, sliceQuery } from "./view.js";

export class Chart {
  constructor() {
    this.plot = new Plot("Points of the chart, by time");
    this.caption = el("p", { class: "caption" });
    this.legend = el("ul", { class: "legend" });
    this.empty = el("p", { class: "empty" });
    this.table = new PointTable();
    this.full = el("div", {}, this.caption, this.plot.node, this.legend, this.table.node);
    this.node = section("course", "Over time", this.full, this.empty);
    this.asking = new Asking(
      "series",
      (found) => this.#take(found),
      (error) => this.#fail(error),
    );
    this.#say("Asking for the course.");
  }

  show(view) {
    this.view = view;
    const { kpi, series, span, version } = view;
    this.asking.want({ ...seriesQuery(kpi, series), ...sliceQuery(view), span }, version);
  }

  #take({ series: found }) {
    const points = found.find((one) => this.view.catalog.of(one)?.series === this.view.series);
    const known = (points?.values ?? []).some((value) => value !== null);
    this.#say(known ? "" : emptyWords(points));
    if (!known) return;
    const { kpi, series, currency, zone, span } = this.view;
    const enough = enoughSamples(kpi, series);
    const shown = aligned([{ name: "", colour: "--accent", points, enough, counts: enough === 0 }]);
    const bars = barsOf(series, points);
    const looks = {
      unit: series.unit,
      currency,
      zone,
      step: points.step,
      bars,
      ...marksOf(this.view, points),
    };
    this.plot.show({ ...shown, ...looks });
    this.table.show({ ...shown, ...looks });
    setText(this.caption, captionOf(points, points.step, span, zone, series));
    this.legend.replaceChildren(...legend(shown.lines[0], looks));
  }

  #fail(error) {
    this.#say(`The chart cannot be drawn now: ${error.message}.`);
  }

  #say(text) {
    setText(this.empty, text);
    this.empty.hidden = text === "";
    this.full.hidden = text !== "";
  }
}

/** Target and benchmark, where they hold for a single point too. */
export function marksOf({ kpi, reading, series }, points) {
  const target = reading?.target ?? null;
  const holds = points.kind === "windows" || (reading !== undefined && holdsForPanes(reading, target));
  const alike = series.unit === kpi.unit;
  return { target: holds ? target : null, benchmark: holds && alike ? kpi.benchmark : null };
}

export function barsOf(series, points) {
  return points.kind === "panes" && isSum(series);
}

function emptyWords(points) {
  const kept = points !== undefined && points.kind !== "none";
  return kept
    ? "Nothing was counted over this time."
    : "There is no course of this number: it is known as of now only.";
}

function captionOf({ kind }, step, span, zone, series) {
  const pane = isSum(series)
    ? `Each bar is one ${step} by itself; the number above is their sum over the window.`
    : `Each point is one ${step} by itself; the number above is of the whole window at once.`;
  const level = `Each point is how it stood at the end of ${step === "hour" ? "an hour" : `a ${step}`}.`;
  const what = {
    panes: pane,
    windows: `Each point is ${windowWords(span).replace("last ", "")} that ended there.`,
  };
  return `${/^(end|oldest)\([a-z0-9_]+\)$/.test(series.formula) ? level : what[kind]} Times in ${zone}.`;
}

function legend(line, { target, benchmark, unit, currency, bars }) {
  const keys = [
    target !== null && ["target", `target ${formatValue(target, unit, currency)}`],
    benchmark && ["benchmark", `benchmark ${rangeWords(benchmark, unit, currency)}`],
    line.lower.some((value) => value !== null) && ["bounds", "bounds at 95 %"],
    line.weak.some(Boolean) && ["weak", bars ? "pale: few samples" : "hollow, dashed: few samples"],
    line.running && ["running", bars ? "the last is still running" : "hollow at the end: still running"],
  ];
  return keys.filter(Boolean).map(([kind, text]) => el("li", { "data-key": kind, text }));
}
