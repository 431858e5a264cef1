// What is said of a reading beside its value, the same on every page.

import { formatValue, inWords, windowWords } from "./format.js";

const FEW = 30; // samples, of which chance makes much
const WIDE = { points: 10 }; // an interval is wide from here on; of other units in relation to the value:
const WIDE_SHARE = 0.2;

const VERDICTS = { ok: "ok", warn: "warn", critical: "critical", few_samples: "few samples", none: "" };

/** The word for a verdict; empty where nothing is judged. */
export function verdictWord(verdict) {
  return VERDICTS[verdict];
}

/**
 * The change against the window before: `text` (▲ 12.3 %), `spoken`, and `way`: good, bad or none, by the
 * direction that is good for the KPI. Null where nothing is compared.
 */
export function changeOf(reading, kpi, unit, currency) {
  const { previous, compared, change, window } = reading;
  if (previous === null || compared === null) return null;
  const difference = compared - previous;
  const way = wayOf(difference, kpi.good);
  const size = sizeOf(change, difference, unit, currency);
  const values = `from ${inWords(previous, unit, currency)} to ${inWords(compared, unit, currency)}`;
  if (difference === 0) return { text: "= unchanged", before: beforeWords(window), way, spoken: values };
  const [arrow, verb] = difference > 0 ? ["▲", "up"] : ["▼", "down"];
  const better = { good: ", better", bad: ", worse", none: "" }[way];
  return { text: `${arrow} ${size}`, before: beforeWords(window), way, spoken: `${verb} ${size}${better}, ${values}` };
}

function wayOf(difference, good) {
  if (difference === 0 || good === "none") return "none";
  return difference > 0 === (good === "up") ? "good" : "bad";
}

/** Relative; of points, and of what was 0, the difference. */
function sizeOf(change, difference, unit, currency) {
  if (unit === "points") return `${formatValue(Math.abs(difference), unit).slice(1)} points`;
  return change === null ? formatValue(Math.abs(difference), unit, currency) : formatValue(Math.abs(change), "ratio");
}

function beforeWords(window) {
  if (window === "today") return "vs the same time yesterday";
  return window.endsWith("td") ? "vs the same time before" : `vs the ${window} before`;
}

/** How sure the value is, where it is not very: `95 %: 2.1 % to 4.4 %`; else null. */
export function boundsText(reading, unit, currency) {
  const { lower, upper, value } = reading;
  if (lower === null || upper === null || !isUncertain(reading, unit)) return null;
  const [low, high] = [lower, upper].map((bound) => formatValue(bound, unit, currency));
  return value === null ? null : `${low} to ${high} at 95 %`;
}

/** Whether samples are few or the interval is wide. */
export function isUncertain({ lower, upper, value, samples }, unit) {
  if (samples !== null && samples < FEW) return true;
  if (lower === null || upper === null || value === null) return false;
  return upper - lower > (WIDE[unit] ?? WIDE_SHARE * Math.abs(value));
}

/** `12 samples`; null where the samples are many, or where the value itself counts them. */
export function samplesText({ samples, denominator }, unit) {
  const counts = denominator === null && (unit === "count" || unit === "money");
  if (samples === null || counts || samples >= FEW) return null;
  return samples === 1 ? "1 sample" : `${samples} samples`;
}

/** `target 40 % met`; null without a target. */
export function targetText(reading, kpi, unit, currency) {
  if (reading.target === null) return null;
  const word = { true: " met", false: " missed" }[meetsTarget(reading, kpi)] ?? "";
  return `target ${inWords(reading.target, unit, currency)}${word}`;
}

/** Whether the target is reached; null where there is none, or no value. */
export function meetsTarget({ value, target }, { good }) {
  if (value === null || target === null || good === "none") return null;
  return good === "up" ? value >= target : value <= target;
}

/**
 * Whether the target of a window holds for a single pane of it, too: of a share or a percentile it does, of a
 * number that adds up over the window it does not, unless it is 0.
 */
export function holdsForPanes(reading, target) {
  return reading.window === "now" || reading.denominator !== null || "quantile" in reading.labels || target === 0;
}

/** The window of a reading where it is not the one that was chosen; else null. */
export function otherWindow(reading, chosen) {
  return reading.window === chosen ? null : windowWords(reading.window);
}
