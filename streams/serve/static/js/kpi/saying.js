// What is said of a point of a chart, to eyes and to a screen reader alike.

import { formatValue } from "../format.js";
import { boundsWords } from "./judged.js";

/** One line's point: its name, value, bounds, samples, and what makes it doubtful. */
export function pointText(line, at, { unit, currency, times, lines }) {
  const named = `${line.name && `${line.name} `}${formatValue(line.values[at], unit, currency)}`;
  if (line.values[at] === null) return named;
  const bounds = boundsWords({ lower: line.lower[at], upper: line.upper[at] }, unit, currency);
  const running = line.running && at === times.length - 1;
  return [named, bounds, lines.length === 1 && samplesText(line, at), running && "still running"]
    .filter(Boolean)
    .join(", ");
}

/** The samples of a moment, said once where several lines rest on the same; else null. */
export function commonSamples({ lines }, at) {
  const alike = lines.length > 1 && lines.every((line) => line.samples[at] === lines[0].samples[at]);
  return alike ? samplesText(lines[0], at) : null;
}

function samplesText(line, at) {
  if (line.counts || line.samples[at] === null) return null;
  const noun = line.samples[at] === 1 ? "sample" : "samples";
  return `${formatValue(line.samples[at], "count")} ${noun}${line.weak[at] ? " (few)" : ""}`;
}

/** As short as an axis needs it: no decimals and no smaller unit that are 0. */
export function axisText(value, unit, currency) {
  const text = formatValue(value, unit, currency);
  return text
    .replace(/\.0+(?= |$)/, "")
    .replace(/ 0 (s|min|h)$/, "")
    .replace(/^\+0$/, "0");
}
