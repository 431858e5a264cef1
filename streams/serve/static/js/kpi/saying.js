// What is said of a point of a chart, to eyes and to a screen reader alike.

import { formatValue } from "../format.js";
import { boundsWords } from "./judged.js";

/** One line's point: its name, value, bounds, samples, and what makes it doubtful. */
export function pointText(line, at, { unit, currency, times }) {
  const named = `${line.name && `${line.name} `}${formatValue(line.values[at], unit, currency)}`;
  if (line.values[at] === null) return named;
  const bounds = boundsWords({ lower: line.lower[at], upper: line.upper[at] }, unit, currency);
  const running = line.running && at === times.length - 1;
  const more = [bounds, samplesText(line, at), line.weak[at] && "few samples", running && "still running"];
  return [named, ...more.filter(Boolean)].join(", ");
}

function samplesText(line, at) {
  return line.counts || line.samples[at] === null ? null : `${formatValue(line.samples[at], "count")} samples`;
}

/** As short as an axis needs it: no decimals and no smaller unit that are 0. */
export function axisText(value, unit, currency) {
  const text = formatValue(value, unit, currency);
  return text.replace(/\.0+(?= |$)/, "").replace(/ 0 (s|min|h)$/, "").replace(/^\+0$/, "0");
}
