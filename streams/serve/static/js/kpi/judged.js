// What the page of one KPI says of a reading beyond what every page says.

import { formatValue } from "../format.js";

/** `37.0 % to 45.2 %`; null for a value without bounds. */
export function boundsWords({ lower, upper }, unit, currency) {
  if (lower === null || lower === undefined) return null;
  return `${formatValue(lower, unit, currency)} to ${formatValue(upper, unit, currency)}`;
}

/** `2.0 % to 5.0 %`; of a benchmark that is one value that value. */
export function rangeWords({ low, high }, unit, currency) {
  const [from, to] = [low, high].map((edge) => formatValue(edge, unit, currency));
  return from === to ? from : `${from} to ${to}`;
}

/** Why a series has no value, in a sentence; `reading` is undefined where there is none at all. */
export function whyNone(reading, series) {
  if (!reading) return "No value: nothing is counted in this window and slice.";
  const [, denominator] = /\/ (.+)$/.exec(series.formula) ?? [];
  if (reading.denominator === 0) return `No value: ${denominator ?? "what it is divided by"} is 0 here.`;
  if (reading.samples === 0) return "No value: nothing that it is computed from has happened here.";
  return "No value: something that the formula reads is missing here; see “Why this number”.";
}
