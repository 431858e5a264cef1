// The slices of the chosen series by one dimension: a table that can be sorted, with a sparkline for each.

import { go } from "../address.js";
import { el, setText } from "../dom.js";
import { formatValue } from "../format.js";
import { changeOf, verdictWord } from "../words.js";
import { Courses } from "./courses.js";
import { boundsWords } from "./judged.js";
import { inWords, redone, section, tableFrame, viewLink } from "./parts.js";
import { isSum } from "./points.js";
import { COLUMNS, sorted, sortOf } from "./sorting.js";
import { seriesQuery } from "./view.js";

const FIRST = 20;
const TOLD = { unknown: "no event said which" };

export class Slices {
  constructor() {
    this.dimensions = el("nav", { class: "switch", "aria-label": "Slices by" });
    this.head = el("tr");
    this.rows = el("tbody");
    this.empty = el("p", { class: "empty" });
    this.frame = tableFrame("Slices", this.head, this.rows);
    this.more = el("button", { type: "button", class: "more", on: { click: () => this.#showAll() } });
    this.node = section("slices", "Slices", this.dimensions, this.frame, this.empty, this.more);
    this.all = false;
    this.courses = new Courses();
  }

  show(view) {
    this.view = view;
    const { kpi, series, window, span, sliceBy, version, readings } = view;
    this.node.hidden = sliceBy === null;
    if (this.node.hidden) return;
    const found = readings.members(series, window, sliceBy);
    this.#dimensions(view);
    const order = sortOf(location.search, isSum(series) ? "value" : "samples");
    this.#heads(order);
    const ordered = sorted(found, order);
    const shown = this.all ? ordered : ordered.slice(0, FIRST);
    const members = shown.map(({ member }) => member);
    this.courses.want({ ...seriesQuery(kpi, series), dimension: sliceBy, span }, members, version);
    this.#fill(ordered, shown);
  }

  #dimensions({ kpi, sliceBy }) {
    const options = kpi.dimensions.map((name) => ({ name, current: name === sliceBy, at: location.search }));
    redone(this.dimensions, options, ({ name, current }) =>
      viewLink(
        { text: inWords(name), "aria-current": current ? "true" : null },
        { dimension: name, member: null },
      ),
    );
  }

  #heads(by) {
    redone(
      this.head,
      COLUMNS.map((column) => ({ column, by })),
      ({ column }) => headOf(column, by),
    );
  }

  #fill(readings, shown) {
    this.frame.hidden = readings.length === 0;
    this.empty.hidden = readings.length > 0;
    setText(
      this.empty,
      this.view.known ? "Nothing is counted in any slice of this window." : "Not told yet.",
    );
    setText(this.more, `Show all ${formatValue(readings.length, "count")}`);
    this.more.hidden = shown.length === readings.length;
    redone(
      this.rows,
      shown.map((reading) => [reading, this.view.member, location.search]),
      ([reading]) => this.#row(reading),
    );
  }

  #showAll() {
    this.all = true;
    this.show(this.view);
  }

  #row(reading) {
    const { kpi, series, currency } = this.view;
    const change = changeOf(reading, kpi, series.unit, currency);
    const value = formatValue(reading.value, series.unit, currency);
    const verdict = verdictWord(reading.verdict);
    return el(
      "tr",
      { "aria-current": reading.member === this.view.member ? "true" : null },
      el("th", { scope: "row", class: "member" }, ...this.#member(reading.member)),
      el("td", { class: "number value-cell", text: value }),
      el(
        "td",
        { class: "number" },
        el("span", { class: "change", "data-way": change?.way ?? "none", text: change?.text ?? "–" }),
      ),
      el("td", { class: "course-cell" }, this.courses.of(reading.member).node),
      el("td", { class: "number", text: formatValue(reading.samples, "count") }),
      el("td", { class: "number", text: boundsWords(reading, series.unit, currency) ?? "–" }),
      el(
        "td",
        {},
        verdict ? el("span", { class: "verdict", "data-verdict": reading.verdict, text: verdict }) : "–",
      ),
    );
  }

  #member(member) {
    const { sliceBy } = this.view;
    const name = viewLink({ text: member }, { dimension: sliceBy, member });
    return [name, TOLD[member] ? el("small", { text: ` ${TOLD[member]}` }) : null];
  }
}

/** A column's head: pressed it sorts by that column, the greatest first, and then the other way round. */
function headOf({ key, title, style = null }, by) {
  if (key === null) return el("th", { scope: "col", text: title });
  const current = key === by.key;
  const sort = current && by.descending ? key : `-${key}`;
  const button = el("button", {
    type: "button",
    class: "sort",
    text: title,
    on: { click: () => go({ sort }) },
  });
  const way = current ? (by.descending ? "descending" : "ascending") : null;
  return el("th", { scope: "col", class: style, "aria-sort": way }, button);
}
