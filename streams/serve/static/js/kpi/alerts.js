// The alerts of a KPI: from where on they fire, and what to do then.

import { el } from "../dom.js";
import { formatSeconds, formatValue } from "../format.js";
import { verdictWord } from "../words.js";
import { judgedBy, seriesOf } from "./alerted.js";
import { NOW, seriesChanges } from "./choice.js";
import { headRow, redone, section, tableFrame, viewLink } from "./parts.js";
import { currencyOf } from "./view.js";

const BEYOND = { up: "below", down: "above", none: "beyond" };
const SPAN_S = { ms: 0.001, s: 1, m: 60, h: 3_600, d: 86_400 };
const NUMBER = "number";
const COLUMNS = [
  ...[
    ["Alert", ""],
    ["Of", ""],
    ["Now", ""],
    ["Warns", NUMBER],
    ["Critical", NUMBER],
    ["Ends", NUMBER],
  ],
  ...[
    ["Samples", NUMBER],
    ["Judged by", ""],
    ["Must last", NUMBER],
  ],
];

export class Alerts {
  constructor(kpi) {
    this.states = kpi.alerts.map(() => el("td", { class: "states" }));
    const rows = kpi.alerts.map((alert, at) => rowOf(kpi, alert, this.states[at]));
    const table = tableFrame("Alerts and their thresholds", headRow(COLUMNS), el("tbody", {}, ...rows));
    const none = el("p", { class: "empty", text: "Nobody is paged for this KPI: it has no alert." });
    this.node = section("alerts", "Alerts", rows.length > 0 ? table : none);
  }

  /** How what each alert judges stands now, in each of its windows. */
  show({ kpi, readings }) {
    kpi.alerts.forEach((alert, at) => {
      const states = judgedBy(kpi, alert, readings).map((one) => ({ ...one, at: location.search }));
      redone(this.states[at], states, (one) => stateOf(kpi, one));
    });
  }
}

/** A way to the number that is judged, with its verdict. */
export function stateOf(kpi, { series, window, reading }, name = "") {
  const where = [name, window].filter(Boolean).join(", ");
  const text = `${where}: ${formatValue(reading?.value, series.unit, currencyOf(series))}`;
  const verdict = reading?.verdict ?? "none";
  const badge = el("span", { class: "verdict", "data-verdict": verdict, text: verdictWord(verdict) });
  const changes = { ...seriesChanges(kpi, series), window: window === NOW ? null : window, member: null };
  return el("span", { class: "state" }, viewLink({ text }, changes), verdict === "none" ? null : badge);
}

function rowOf(kpi, alert, state) {
  const series = seriesOf(kpi, alert);
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, runbook(alert.name)),
    el("td", { text: series.name || "the number" }),
    state,
    ...limits(kpi, alert, series).map((text) => el("td", { class: NUMBER, text })),
    el("td", { text: alert.judge === "bound" ? "its bound" : "its value" }),
    el("td", { class: NUMBER, text: spanWords(alert.for) }),
  );
}

/** Where it warns, where it is critical, where it ends, and from how many samples on. */
function limits({ good }, { warn, critical, clear, min_samples: samples }, series) {
  const value = (limit) => formatValue(limit, series.unit, currencyOf(series));
  const beyond = (limit) => (limit === null ? "–" : `${BEYOND[good]} ${value(limit)}`);
  const steps = critical !== null && critical !== warn && warn !== clear;
  const ends = `at ${value(clear)}${steps ? `, critical at ${value(warn)}` : ""}`;
  return [
    beyond(warn),
    beyond(critical),
    clear === null ? "where it begins" : ends,
    samples > 0 ? `from ${formatValue(samples, "count")}` : "any",
  ];
}

/** The runbook says what to look at first, and what to do. */
function runbook(name) {
  return name ? el("a", { href: `/docs/runbooks/${encodeURIComponent(name)}`, text: name }) : "–";
}

/** `10m` in words. */
function spanWords(span) {
  const [, number, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(span) ?? [];
  return number ? formatSeconds(Number(number) * SPAN_S[unit]).replace(/ 0 (s|min|h)$/, "") : span;
}
