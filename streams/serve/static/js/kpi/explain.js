// Why this number: its formula with the numbers filled in, the sums and panes behind them, and what would
// change the verdict.

import { el, setText } from "../dom.js";
import { formatValue } from "../format.js";
import { Asking } from "./asking.js";
import { redone, section } from "./parts.js";
import { currencyOf, seriesQuery, sliceQuery } from "./view.js";

const SMALLEST = { seconds: "in milliseconds", money: "in minor units of money" };
const TIERS = { minute: "minutes", hour: "hours", day: "days" };

export class Explain {
  constructor() {
    this.body = el("div", { class: "why" });
    this.fault = el("p", { class: "empty", text: "Asking why." });
    this.node = section("why", "Why this number", this.fault, this.body);
    this.asking = new Asking(
      "explain",
      (found) => this.#take(found),
      (error) => this.#say(`This cannot be told now: ${error.message}.`),
    );
  }

  show(view) {
    this.view = view;
    const { kpi, series, window, version } = view;
    this.asking.want({ ...seriesQuery(kpi, series), window, ...sliceQuery(view) }, version);
  }

  #say(text) {
    setText(this.fault, text);
    this.fault.hidden = text === "";
  }

  #take(found) {
    this.#say("");
    redone(this.body, [{ found, zone: this.view.zone }], explained);
  }
}

function explained({ found, zone }) {
  return el("div", {}, formula(found), ...told(found, zone), measures(found), ...references(found, zone));
}

function formula(found) {
  const { formula: text, filled, value, unit } = found;
  const row = (sign, content, style) => [el("dt", { text: sign }), el("dd", { class: style, text: content })];
  return el(
    "dl",
    { class: "formula" },
    ...row("Formula", text, "code"),
    ...row("With its numbers", SMALLEST[unit] ? `${filled} (${SMALLEST[unit]})` : filled, "code"),
    ...row("Value", formatValue(value, unit, currencyOf(found)), "value"),
  );
}

function told({ window, start, end, would_change: remedy }, zone) {
  const stretch = `from ${moment(start, zone)} to ${moment(end, zone)} (${zone})`;
  const span = window === "now" ? `As of ${moment(end, zone)}.` : `Over ${window}: ${stretch}.`;
  const title = el("b", { text: "What would change the verdict: " });
  return [el("p", { text: span }), remedy ? el("p", { class: "remedy" }, title, remedy) : null];
}

/** Each measure's sum, with the panes that made it behind a click. */
function measures({ measures: found }) {
  const rows = found.map((one) =>
    el("li", {}, folded(one.text, numberWords(one.value), samples(one), ...panes(one))),
  );
  return el("ul", { class: "measures" }, ...rows);
}

/** `leads = 331`, and behind a click the rest. */
function folded(name, value, beside, ...rest) {
  const summary = el("summary", { "data-key": name }, el("code", { text: name }), " = ", el("b", { text: value }), beside);
  return el("details", { "data-key": name }, summary, ...rest);
}

function panes({ panes: { tier, number, largest, last }, running_total: running }) {
  if (!tier) return [el("p", { text: withoutPanes(running) })];
  const text = `Summed over ${numberWords(number)} ${TIERS[tier] ?? tier} that hold something.`;
  return [el("p", { text }), list("The largest", largest), list("The last", last)];
}

function withoutPanes(running) {
  const how = running === null ? "It is read as it is now" : `A running total, now ${numberWords(running)}`;
  return `${how}; no panes are summed.`;
}

function list(title, some) {
  if (some.length === 0) return null;
  const row = ({ start, value }) =>
    el("li", {}, el("span", { text: start.replace("T", " ") }), el("b", { text: numberWords(value) }));
  return el("div", { class: "panes" }, el("h3", { text: title }), el("ul", {}, ...some.map(row)));
}

/** The KPIs that the formula names, each explained in its turn. */
function references({ references: found }, zone) {
  return found.map((one) => {
    const value = formatValue(one.value, one.unit, currencyOf(one));
    return folded(one.kpi, value, null, explained({ found: { ...one, would_change: null }, zone }));
  });
}

function samples({ samples: number }) {
  return number === null ? null : el("small", { text: ` ${formatValue(number, "count")} samples` });
}

/** To the last digit: what is here can be reckoned anew. */
function numberWords(value) {
  const text = value === null ? "none" : String(value);
  return /^-?\d+$/.test(text) ? text.replace(/\B(?=(\d{3})+$)/g, ",") : text;
}

function moment(time, zone) {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: zone }).format(
    new Date(time),
  );
}
