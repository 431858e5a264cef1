// The points of a chart as a table: for a screen reader, and for who wants the figures.

import { el } from "../dom.js";
import { formatValue } from "../format.js";
import { boundsWords } from "./judged.js";
import { headRow, tableFrame } from "./parts.js";
import { momentOf } from "./times.js";

const NUMBER = "number";

/** Made only while it is open; the newest point comes first. */
export class PointTable {
  constructor() {
    this.place = el("div");
    this.node = el(
      "details",
      { class: "as-table" },
      el("summary", { text: "The points as a table" }),
      this.place,
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
    const rows = this.shown.times.map((_, at) => this.#row(at)).reverse();
    const head = headRow([
      ["Time", ""],
      ["Value", NUMBER],
      ["Bounds at 95 %", NUMBER],
      ["Samples", NUMBER],
    ]);
    this.place.replaceChildren(tableFrame("The points of the chart", head, el("tbody", {}, ...rows)));
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
