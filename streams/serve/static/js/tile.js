// A tile: one KPI at a glance.

import { link } from "./address.js";
import { el, setAttribute, setText, spoken } from "./dom.js";
import { NONE, formatValue, unbroken } from "./format.js";
import { followView } from "./header.js";
import { Spark } from "./spark.js";
import { boundsText, changeOf, holdsForPanes, otherWindow, samplesText, targetText, verdictWord } from "./words.js";

const LONG = 11; // so many characters do not fit in the largest letters

/** The tile of a KPI. It is told readings and series, and touches only what they change. */
export class Tile {
  constructor(catalog, kpi) {
    this.catalog = catalog;
    this.kpi = kpi;
    this.first = kpi.series[0];
    this.reading = null;
    this.worst = null;
    this.course = null;
    this.build();
  }

  build() {
    const { kpi } = this;
    const anchor = followView(el("a", { text: kpi.title, title: kpi.goal }), () => link(`/kpi/${kpi.kpi}`));
    this.badge = el("p", { class: "verdict" });
    this.detail = el("p", { class: "tile-detail" });
    this.value = el("p", { class: "tile-value" });
    this.change = el("span", { class: "change" });
    this.before = el("span", { class: "tile-before" });
    this.aloud = spoken("");
    this.guard = el("p", { class: "tile-guard" });
    this.notes = el("ul", { class: "tile-notes" });
    this.spark = new Spark();
    this.node = el(
      "li",
      { class: "tile", "data-kpi": kpi.kpi },
      el(
        "div",
        { class: "tile-head" },
        el("div", { class: "tile-name" }, el("h3", { class: "tile-title" }, anchor), this.detail),
        this.badge,
      ),
      this.value,
      el("p", { class: "tile-change" }, this.change, this.before, this.aloud),
      this.spark.node,
      el("div", { class: "tile-foot" }, this.guard, this.notes),
    );
  }

  /**
   * Show what is known of the KPI: the reading that stands for it and the one with the worst verdict, either may
   * be null. `chosen` is the window that was chosen, `reason` says why there may be nothing to show.
   */
  show(reading, worst, { chosen, reason }) {
    const came = (reading === null) !== (this.reading === null);
    this.reading = reading;
    this.worst = worst;
    this.showValue(reading);
    this.showVerdict();
    this.showChange(reading);
    setText(this.detail, this.detailText(reading, chosen));
    this.showNotes(reading, reason);
    if (came) this.draw(this.course);
  }

  /** Draw the course of `/api/v1/series`; null for none. */
  draw(course) {
    this.course = course;
    if (course === null || this.reading === null) return this.spark.clear();
    const { target } = this.reading;
    const holds = holdsForPanes(this.reading, target);
    const ended = course.running && !holds ? withoutLast(course) : course; // the pane that runs has only begun
    this.spark.draw(ended, holds ? target : null, holds ? this.kpi.benchmark : null);
  }

  get unit() {
    return this.first.unit;
  }

  get currency() {
    return this.catalog.currencyOf(this.first);
  }

  showValue(reading) {
    const text = reading === null ? NONE : formatValue(reading.value, this.unit, this.currency);
    setText(this.value, text);
    setAttribute(this.value, "data-long", text.length > LONG ? "" : null);
  }

  get verdict() {
    return this.worst?.verdict ?? "none";
  }

  showVerdict() {
    setText(this.badge, verdictWord(this.verdict));
    setAttribute(this.badge, "data-verdict", this.verdict);
    setAttribute(this.node, "data-verdict", this.verdict);
  }

  /** What is beyond its limit, in words: of `p90, business, 24h` the value `5 h 3 min`. */
  get beyond() {
    const { worst } = this, { series } = this.catalog.of(worst);
    const window = worst.window === "now" ? null : worst.window;
    const value = formatValue(worst.value, series.unit, this.catalog.currencyOf(series));
    return { of: [series.name, window].filter(Boolean).join(", "), value };
  }

  showChange(reading) {
    const change = reading && changeOf(reading, this.kpi, this.unit, this.currency);
    setText(this.change, change?.text ?? "");
    setText(this.before, change?.before ?? "");
    setText(this.aloud, change?.spoken ?? "");
    setAttribute(this.change, "data-way", change?.way ?? "none");
  }

  detailText(reading, chosen) {
    const window = reading && otherWindow(reading, chosen);
    return [this.first.name, window].filter(Boolean).join(" · ");
  }

  showNotes(reading, reason) {
    const breaches = (reading?.guardrails ?? []).filter(({ breached }) => breached);
    setText(this.guard, breaches.map(({ sentence }) => unbroken(`Guardrail: ${sentence}.`)).join(" "));
    const notes = [this.otherBad(), ...(reading === null ? [reason] : this.notesOf(reading))].filter(Boolean);
    if (notes.join() === this.noted) return;
    this.noted = notes.join();
    this.notes.replaceChildren(...notes.map((text) => el("li", { text })));
  }

  /** What is bad, where that is not the value of the tile. */
  otherBad() {
    const bad = this.verdict === "critical" || this.verdict === "warn";
    return bad && this.worst !== this.reading ? `${this.verdict}: ${this.beyond.of} ${this.beyond.value}` : null;
  }

  notesOf(reading) {
    const { kpi, unit, currency } = this;
    const target = targetText(reading, kpi, unit, currency);
    if (reading.value === null) return ["no value in this window", target];
    return [target, boundsText(reading, unit, currency), samplesText(reading, unit)];
  }
}

function withoutLast({ times, values, lower, upper }) {
  const [allTimes, allValues, allLower, allUpper] = [times, values, lower, upper].map((all) => all.slice(0, -1));
  return { times: allTimes, values: allValues, lower: allLower, upper: allUpper };
}
