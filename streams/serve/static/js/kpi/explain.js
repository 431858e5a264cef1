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
    this.asking = new Asking("explain", (found) => this.#take(found), (error) => this.#say(`This cannot be told now: ${error.message}.`));
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
    const open = new Set([...this.body.querySelectorAll("details[open]")].map((one) => one.dataset.key));
    const { series, zone } = this.view;
    this.#say("");
    redone(this.body, [{ found, currency: currencyOf(series), zone }], explained);
    for (const one of this.body.querySelectorAll("details")) one.open = open.has(one.dataset.key);
  }
}

function explained({ found, currency, zone }) {
  return el("div", {}, formula(found, currency), ...told(found, zone), measures(found), ...references(found, currency, zone));
}

function formula({ formula: text, filled, value, unit }, currency) {
  const row = (sign, content, style) => [el("dt", { text: sign }), el("dd", { class: style, text: content })];
  return el("dl", { class: "formula" },
    ...row("Formula", text, "code"),
    ...row("With its numbers", SMALLEST[unit] ? `${filled} (${SMALLEST[unit]})` : filled, "code"),
    ...row("Value", formatValue(value, unit, currency), "value"));
}

function told({ window, start, end, would_change: remedy }, zone) {
  const span = window === "now" ? `As of ${moment(end, zone)}.` : `Over ${window}: from ${moment(start, zone)} to ${moment(end, zone)} (${zone}).`;
  return [el("p", { text: span }), remedy ? el("p", { class: "remedy" }, el("b", { text: "What would change the verdict: " }), remedy) : null];
}

/** Each measure's sum, with the panes that made it behind a click. */
function measures({ measures: found }) {
  return el("ul", { class: "measures" }, ...found.map((one) => el("li", {}, el("details", { "data-key": one.text },
    el("summary", {}, el("code", { text: one.text }), " = ", el("b", { text: numberWords(one.value) }), samples(one)),
    ...panes(one)))));
}

function panes({ panes: { tier, number, largest, last }, running_total: running }) {
  if (!tier) return [el("p", { text: running === null ? "It is read as it is now; no panes are summed." : `A running total, now ${numberWords(running)}; no panes are summed.` })];
  return [el("p", { text: `Summed over ${numberWords(number)} ${TIERS[tier] ?? tier} that hold something.` }), list("The largest", largest), list("The last", last)];
}

function list(title, some) {
  if (some.length === 0) return null;
  return el("div", { class: "panes" }, el("h3", { text: title }),
    el("ul", {}, ...some.map(({ start, value }) => el("li", {}, el("span", { text: start.replace("T", " ") }), el("b", { text: numberWords(value) })))));
}

function references({ references: found }, currency, zone) {
  return found.map((one) => el("details", { class: "reference", "data-key": `${one.kpi} ${one.gauge}` },
    el("summary", {}, el("code", { text: one.kpi }), " = ", el("b", { text: formatValue(one.value, one.unit, currency) })),
    formula(one, currency), ...told({ ...one, would_change: null }, zone), measures(one), ...references(one, currency, zone)));
}

function samples({ samples: number }) {
  return number === null ? null : el("small", { text: ` ${formatValue(number, "count")} samples` });
}

/** To the last digit: what is here can be reckoned anew. */
function numberWords(value) {
  if (value === null) return "none";
  return String(value).replace(/\B(?=(\d{3})+$)/g, (match, _, at, whole) => (whole.includes(".") ? match : ","));
}

function moment(time, zone) {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: zone }).format(new Date(time));
}
