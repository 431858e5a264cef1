// How a reading is judged, in words and badges: by sign and word, never by colour alone.

import { el } from "../dom.js";
import { formatValue, inWords } from "../format.js";

const VERDICTS = {
  ok: { sign: "✓", text: "ok" },
  warn: { sign: "!", text: "warn" },
  critical: { sign: "‼", text: "critical" },
  few_samples: { sign: "…", text: "few samples" },
};

/** A badge with a verdict; null for a reading that nothing judges. */
export function verdictBadge(verdict) {
  const known = VERDICTS[verdict];
  if (!known) return null;
  return el("span", { class: `badge ${verdict.replace("_", "-")}` },
    el("span", { "aria-hidden": "true", text: `${known.sign} ` }), el("span", { text: known.text }));
}

/** A change with its sign: `+12.5 %`, `-3.0 points`; null where there is none. */
export function changeText(reading, unit) {
  if (reading?.change === null || reading?.change === undefined) return null;
  if (unit === "points") return inWords(reading.change, "points");
  return `${reading.change > 0 ? "+" : ""}${formatValue(reading.change, "ratio")}`;
}

/** Whether a change is for the `better` or the `worse`, or neither (`same`), by the direction that is good. */
export function changeTone(change, good) {
  if (!change || good === "none") return "same";
  return change > 0 === (good === "up") ? "better" : "worse";
}

/** The sign that goes with a change. */
export function changeArrow(change) {
  return change > 0 ? "▲" : change < 0 ? "▼" : "=";
}

/** `37.0 % to 45.2 %`; null for a value without bounds. */
export function boundsText(reading, unit, currency) {
  if (reading?.lower === null || reading?.lower === undefined) return null;
  return `${formatValue(reading.lower, unit, currency)} to ${formatValue(reading.upper, unit, currency)}`;
}

/** How a value stands to a target: `met` or `missed`; null where one of them is missing or none is good. */
export function targetState(value, target, good) {
  if (value === null || value === undefined || target === null || good === "none") return null;
  return (good === "up" ? value >= target : value <= target) ? "met" : "missed";
}

/** Why there is no value, in a sentence. */
export function whyNone(reading, series) {
  if (!reading) return "Nothing is counted in this window and slice.";
  const [, denominator] = /\/ (.+)$/.exec(series.formula) ?? [];
  if (reading.denominator === 0) return `No value: ${denominator ?? "what it is divided by"} is 0 in this window.`;
  if (reading.samples === 0) return "No value: nothing that it is computed from happened in this window.";
  return "No value: something that the formula needs is missing in this window (costs that nobody recorded, say).";
}
