// The alerts of a KPI: from where on they fire, and what to do then.

import { el } from "../dom.js";
import { formatValue, formatSeconds } from "../format.js";
import { headRow, section, tableFrame } from "./parts.js";

const BEYOND = { up: "below", down: "above", none: "beyond" };
const SPAN_S = { ms: 0.001, s: 1, m: 60, h: 3_600, d: 86_400 };
const NUMBER = "number";
const COLUMNS = [
  ...[
    ["Alert", ""],
    ["Of", ""],
    ["Window", ""],
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
    const rows = kpi.alerts.map((alert) => rowOf(kpi, alert));
    this.node = section(
      "alerts",
      "Alerts",
      rows.length > 0
        ? tableFrame("Alerts and their thresholds", headRow(COLUMNS), el("tbody", {}, ...rows))
        : el("p", { class: "empty", text: "Nobody is paged for this KPI: it has no alert." }),
    );
  }

  show() {} // what the catalog says does not change
}

function rowOf(kpi, alert) {
  const series = seriesOf(kpi, alert);
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, runbook(alert.name)),
    el("td", { text: series.name || "the number" }),
    el("td", { text: alert.windows.join(", ") }),
    ...limits(kpi, alert, series).map((text) => el("td", { class: NUMBER, text })),
    el("td", { text: alert.judge === "bound" ? "its bound" : "its value" }),
    el("td", { class: NUMBER, text: spanWords(alert.for) }),
  );
}

/** Where it warns, where it is critical, where it ends, and from how many samples on. */
function limits({ good }, { warn, critical, clear, min_samples: samples }, series) {
  const value = (limit) => formatValue(limit, series.unit, series.labels.currency);
  const beyond = (limit) => (limit === null ? "–" : `${BEYOND[good]} ${value(limit)}`);
  const ends = clear === null ? "where it warns" : `at ${value(clear)}`;
  return [
    beyond(warn),
    beyond(critical),
    ends,
    samples > 0 ? `from ${formatValue(samples, "count")}` : "any",
  ];
}

/** The series that is judged. */
function seriesOf({ series }, { gauge, labels }) {
  const named = (one) => Object.entries(labels).every(([name, value]) => one.labels[name] === value);
  return series.find((one) => one.gauge === gauge && named(one)) ?? series[0];
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
