// The large chart of the chosen series over the chosen window, and the same numbers as a table.

import { el, setText } from "../dom.js";
import { formatValue, windowWords } from "../format.js";
import { Asking } from "./asking.js";
import { boundsText } from "./judged.js";
import { Plot } from "./plot.js";
import { aligned, enoughSamples, isSum } from "./points.js";
import { momentOf } from "./times.js";
import { seriesQuery, sliceQuery } from "./view.js";

export class Chart {
  constructor() {
    this.plot = new Plot("Points of the chart");
    this.caption = el("p", { class: "caption" });
    this.legend = el("ul", { class: "legend" });
    this.empty = el("p", { class: "empty", hidden: true });
    this.table = new PointTable();
    this.element = el("section", { class: "card chart", "aria-labelledby": "chart-title" },
      el("h2", { id: "chart-title", text: "Over time" }),
      this.caption, this.plot.element, this.empty, this.legend, this.table.element);
    this.asking = new Asking("series", (found) => this.#take(found), (error) => this.#fail(error));
  }

  show(view) {
    this.view = view;
    const { kpi, series, span, version } = view;
    this.asking.want({ ...seriesQuery(kpi, series), ...sliceQuery(view), span }, version);
  }

  redraw() {
    this.plot.redraw();
  }

  #take({ series: [points], step }) {
    const there = Boolean(points) && points.kind !== "none" && points.times.length > 0;
    this.#say(there ? "" : "There is no history of this number: it is only known as of now.");
    if (!there) return;
    const { kpi, series, currency, zone, span } = this.view;
    const shown = aligned([{ name: "", colour: "--accent", points, enough: enoughSamples(kpi, series) }]);
    const { target, benchmark } = marks(this.view, points);
    const looks = { unit: series.unit, currency, zone, step, bars: isBars(series, points), target, benchmark };
    this.plot.show({ ...shown, ...looks });
    setText(this.caption, captionOf(points, step, span, zone, series));
    this.legend.replaceChildren(...legend(shown.lines[0], looks, kpi));
    this.table.show({ ...shown, ...looks });
  }

  #fail(error) {
    this.#say(`The chart cannot be drawn now: ${error.message}.`);
  }

  #say(text) {
    setText(this.empty, text);
    this.empty.hidden = text === "";
    for (const part of [this.plot.element, this.legend, this.caption, this.table.element]) part.hidden = text !== "";
  }
}

/** Target and benchmark, where they hold for a single point as well. */
export function marks({ kpi, series }, points) {
  const holds = series.unit === kpi.unit && (points.kind === "windows" || !isSum(series));
  return { target: holds ? kpi.target : null, benchmark: holds ? kpi.benchmark : null };
}

export function isBars(series, points) {
  return points.kind === "panes" && isSum(series);
}

function captionOf(points, step, span, zone, series) {
  const what = {
    panes: isSum(series) ? `Each bar is one ${step} by itself; together they are the window's number.` : `Each point is one ${step} by itself.`,
    windows: `Each point is the number of ${windowWords(span)} that ended there.`,
  };
  const level = /^end\(/.test(series.formula) ? `Each point is how it stood at the end of that ${step}.` : what[points.kind];
  return `${level} Times in ${zone}.`;
}

function legend(line, { target, benchmark, unit, currency, bars }, kpi) {
  const told = (value) => formatValue(value, unit, currency);
  return [
    target !== null && ["key-target", `Target ${told(target)}`],
    benchmark && ["key-benchmark", `Benchmark ${told(benchmark.low)} to ${told(benchmark.high)}`],
    line.lower.some((value) => value !== null) && ["key-bounds", "Bounds: where the true value lies, 19 times of 20"],
    line.weak.some(Boolean) && ["key-weak", "Few samples"],
    line.running && ["key-running", "The last is still running"],
  ].filter(Boolean).map(([style, text]) => el("li", { class: `key ${style}` }, el("span", { class: "swatch", "aria-hidden": "true" }), text));
}

/** The points as a table: what a screen reader, or who wants the figures, reads instead of the canvas. */
class PointTable {
  constructor() {
    this.body = el("tbody");
    this.head = el("tr");
    this.element = el("details", { class: "as-table" },
      el("summary", { text: "The points as a table" }),
      el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "The points as a table" },
        el("table", {}, el("thead", {}, this.head), this.body)));
    this.element.addEventListener("toggle", () => this.#fill());
  }

  show(shown) {
    this.shown = shown;
    this.#fill();
  }

  #fill() {
    if (!this.element.open || !this.shown) return;
    const { times, lines: [line], unit, currency, step, zone } = this.shown;
    this.head.replaceChildren(...["Time", "Value", "Bounds", "Samples"].map((text, at) => el("th", { scope: "col", class: at ? "number" : null, text })));
    const rows = times.map((time, at) => [momentOf(time, step, zone), formatValue(line.values[at], unit, currency),
      boundsText({ lower: line.lower[at], upper: line.upper[at] }, unit, currency) ?? "–", samples(line, at)]);
    this.body.replaceChildren(...rows.reverse().map(([when, ...numbers]) => el("tr", {},
      el("th", { scope: "row", text: when }), ...numbers.map((text) => el("td", { class: "number", text })))));
  }
}

function samples(line, at) {
  return `${formatValue(line.samples[at], "count")}${line.weak[at] ? " (few)" : ""}`;
}
