// The points of a chart as a table: for a screen reader, and for who wants the figures.

import { el } from "../dom.js";
import { formatValue } from "../format.js";
import { boundsWords } from "./judged.js";
import { headRow, tableFrame } from "./parts.js";
import { momentOf } from "./times.js";

const NUMBER = "number";
const HEAD = [
  ["Time", ""],
  ["Value", NUMBER],
  ["Bounds at 95 %", NUMBER],
  ["Samples", NUMBER],
];

/** Its rows are made only while it is open; the newest point comes first. */
export class PointTable {
  constructor() {
    this.rows = el("tbody");
    const frame = tableFrame("The points of the chart", headRow(HEAD), this.rows);
    this.node = el(
      "details",
      { class: "as-table" },
      el("summary", { text: "The points as a table" }),
      frame,
    );
    this.node.addEventListener("toggle", () => this.#fill());
  }

  /** What `Plot.show` shows, of its first line. */
  show(shown) {
    this.shown = shown;
    this.#fill();
  }

  #fill() {
    if (!this.node.open || !this.shown) return;
    this.rows.replaceChildren(...this.shown.times.map((_, at) => this.#row(at)).reverse());
  }

  #row(at) {
    const {
      times,
      lines: [line],
      unit,
      currency,
      step,
      zone,
    } = this.shown;
    const bounds = boundsWords({ lower: line.lower[at], upper: line.upper[at] }, unit, currency) ?? "–";
    const samples = `${formatValue(line.samples[at], "count")}${line.weak[at] ? " (few)" : ""}`;
    const cells = [formatValue(line.values[at], unit, currency), bounds, samples];
    return el(
      "tr",
      {},
      el("th", { scope: "row", text: momentOf(times[at], step, zone) }),
      ...cells.map((text) => el("td", { class: NUMBER, text })),
    );
  }
}
