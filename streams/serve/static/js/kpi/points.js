// Points of a chart: several series of /api/v1/series brought to one time axis, and what is to be seen. Pure.

/** So many samples are enough where no alert says how many; as for guardrails. */
const ENOUGH = 30;
/** A scale begins at 0 when the smallest value is below this share of the largest. */
const NEAR_ZERO = 0.6;
const MARGIN = 0.06;

/**
 * Whether a formula only adds up what happened, so that a pane's value is a part of the window's: neither a
 * target nor a benchmark of the window holds for it.
 */
export function isSum(series) {
  return !/[/(]/.test(series.formula);
}

/** From how many samples on a value of this series is relied on; 0 for what counts by itself. */
export function enoughSamples(kpi, series) {
  const alert = kpi.alerts.find(
    (one) => one.gauge === series.gauge && one.min_samples > 0 && fits(one, series),
  );
  if (alert) return alert.min_samples;
  return restsOnSamples(series) ? ENOUGH : 0;
}

/**
 * Lines (`{name, colour, points, enough}`, with points as /api/v1/series has them) over the union of their
 * times: `{times, lines}`. Each line then has `values`, `lower`, `upper` and `samples`, as long as the times and
 * null where there is nothing, and `weak`: whether a value rests on fewer samples than enough.
 */
export function aligned(lines) {
  const times = [...new Set(lines.flatMap((line) => line.points.times))].sort((a, b) => a - b);
  return { times, lines: lines.map((line) => spread(line, times)) };
}

/** The last place with a value in any line, or the last one; -1 without times. */
export function lastPlace({ times, lines }) {
  for (let at = times.length - 1; at >= 0; at -= 1) {
    if (lines.some((line) => line.values[at] !== null)) return at;
  }
  return times.length - 1;
}

/**
 * The least and the greatest value of a scale, so that on it are all values, the marks (target, benchmark), and
 * the bounds of what rests on enough samples; those of the others would flatten all else.
 */
export function scaleOf(lines, marks, unit) {
  const shown = [...marks, ...lines.flatMap(seen)].filter(
    (value) => value !== null && Number.isFinite(value),
  );
  if (shown.length === 0) return [0, 1];
  let [least, greatest] = [Math.min(...shown), Math.max(...shown)];
  if (least === greatest) [least, greatest] = [Math.min(0, least), Math.max(0, greatest) || 1];
  const margin = (greatest - least) * MARGIN;
  const bottom = least >= 0 && least < NEAR_ZERO * greatest ? 0 : least - (least === 0 ? 0 : margin);
  const most = unit === "ratio" && greatest <= 1 ? 1 : Infinity;
  return [least >= 0 ? Math.max(0, bottom) : bottom, Math.min(most, greatest + margin)];
}

function seen(line) {
  const sure = (bounds) => bounds.filter((_, at) => !line.weak[at]);
  return [...line.values, ...sure(line.lower), ...sure(line.upper)];
}

function spread({ points, enough, ...line }, times) {
  const place = new Map(points.times.map((time, at) => [time, at]));
  const column = (values) => times.map((time) => values?.[place.get(time)] ?? null);
  const samples = column(points.samples);
  return {
    ...line,
    values: column(points.values),
    lower: column(points.lower),
    upper: column(points.upper),
    samples,
    weak: samples.map((number) => enough > 0 && number !== null && number < enough),
    running: Boolean(points.running),
  };
}

function restsOnSamples(series) {
  const counted = series.unit === "count" || series.unit === "money" || isSum(series);
  return !counted && !/^(end|start|oldest)\([a-z0-9_]+\)$/.test(series.formula);
}

function fits(alert, series) {
  return Object.entries(alert.labels).every(([name, value]) => series.labels[name] === value);
}
