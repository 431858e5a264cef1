// The readings of the whole that a KPI's alerts judge, whichever is chosen. Pure.

import { WHOLE } from "./choice.js";

const BAD = ["critical", "warn"];

/** The series that an alert judges. */
export function seriesOf({ series }, { gauge, labels }) {
  const named = (one) => Object.entries(labels).every(([name, value]) => one.labels[name] === value);
  return series.find((one) => one.gauge === gauge && named(one)) ?? series[0];
}

/** Of one alert `{series, window, reading}` for each of its windows; `reading` is undefined where there is none. */
export function judgedBy(kpi, alert, readings) {
  const series = seriesOf(kpi, alert);
  return alert.windows.map((window) => ({
    series,
    window,
    reading: readings.of(series, window, WHOLE, WHOLE),
  }));
}

/** The worst that is bad, of those that are judged and not shown already; null when all is well elsewhere. */
export function worstElsewhere({ kpi, series, window, dimension, readings }) {
  const all = kpi.alerts.flatMap((alert) => judgedBy(kpi, alert, readings));
  const shown = (one) => dimension === WHOLE && one.series === series && one.window === window;
  const bad = all.filter((one) => BAD.includes(one.reading?.verdict) && !shown(one));
  return bad.find(({ reading }) => reading.verdict === BAD[0]) ?? bad[0] ?? null;
}
