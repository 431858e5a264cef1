/**
 * What a KPI's page is asked for by its address, and what of that can be shown.
 *
 * Nothing here touches the page or the network. A choice is always one that exists: what was asked for in
 * vain is told in `notes`, a sentence each.
 */

export const WHOLE = "all";
export const NOW = "now";
/** Own labels that are no choice: there is one currency. */
const NO_CHOICE = new Set(["currency"]);
/** Names that the address uses for other things. */
const TAKEN = new Set(["window", "dimension", "member", "theme", "gauge", "sort", "kpi"]);
const LEVEL_SPANS = ["1h", "24h", "7d", "30d", "90d", "365d"];
const DEFAULT_WINDOWS = ["24h", "30d"];
const DAYS = { today: 1, wtd: 7, mtd: 30, qtd: 91, ytd: 365 };
const UNIT_DAYS = { m: 1 / 1440, h: 1 / 24, d: 1 };

/**
 * The choice for one KPI of the catalog.
 *
 * @param {object} catalog as /api/v1/catalog gives it
 * @param {object} kpi one of its `kpis`
 * @param {URLSearchParams} query of the page's address
 * @returns {{series: object, window: string, span: string, dimension: string, member: string,
 *   sliceBy: string|null, notes: string[]}} `span` is what the chart covers; `sliceBy` the dimension of the
 *   table of slices, null where the KPI has none
 */
export function choose(catalog, kpi, query) {
  const notes = [];
  const series = chosenSeries(kpi, query, notes);
  const { window, span } = chosenWindow(catalog, series, query.get("window"), notes);
  const { dimension, member, sliceBy } = chosenSlice(kpi, query, notes);
  return { series, window, span, dimension, member, sliceBy, notes };
}

/** The labels that tell a KPI's series apart. */
export function ownLabels(series) {
  return Object.entries(series.labels).filter(([name]) => !NO_CHOICE.has(name));
}

/** Address parameters that lead to a series; none for the one that stands for its KPI. */
export function seriesParameters(kpi, series) {
  const parameters = Object.fromEntries(kpi.series.flatMap((one) => ownLabels(one).map(([name]) => [name, null])));
  if (series === kpi.series[0]) return { ...parameters, gauge: null };
  const gauge = series.gauge === kpi.series[0].gauge ? null : series.gauge;
  return { ...parameters, gauge, ...Object.fromEntries(ownLabels(series)) };
}

/** Whether two series, or a series and a reading, are one. */
export function sameSeries(one, other) {
  const [a, b] = [Object.entries(one.labels), Object.entries(other.labels)];
  return one.gauge === other.gauge && a.length === b.length && a.every(([name, value]) => other.labels[name] === value);
}

/** Spans between which the chart of a level can be switched. */
export function levelSpans(catalog) {
  const known = LEVEL_SPANS.filter((span) => catalog.windows.includes(span));
  return known.length > 0 ? known : LEVEL_SPANS.slice(0, 3);
}

/** Whether a series has no windows: it stands as it is now. */
export function isLevel(series) {
  return series.windows.every((window) => window === NOW);
}

/** The window nearest in length to the one asked for; of two as near the longer. */
export function nearestWindow(windows, asked) {
  const wanted = Math.log(daysOf(asked));
  const distance = (window) => Math.abs(Math.log(daysOf(window)) - wanted);
  return windows.reduce((best, window) => (distance(window) <= distance(best) ? window : best));
}

/** Days that a window covers, of calendar windows about; tiny for `now`. */
export function daysOf(window) {
  const [, number, unit] = /^(\d+)([mhd])$/.exec(window) ?? [];
  return DAYS[window] ?? (number ? Number(number) * UNIT_DAYS[unit] : UNIT_DAYS.m);
}

function chosenSeries(kpi, query, notes) {
  const names = new Set(kpi.series.flatMap((series) => ownLabels(series).map(([name]) => name)));
  const wanted = [...names].filter((name) => query.has(name) && !TAKEN.has(name));
  const gauge = query.get("gauge");
  const fits = (series) =>
    (!gauge || series.gauge === gauge) && wanted.every((name) => series.labels[name] === query.get(name));
  const found = kpi.series.find(fits);
  if (!found) notes.push(`This KPI has no series ${[gauge, ...wanted.map((name) => `${name} ${query.get(name)}`)].filter(Boolean).join(", ")}; shown is ${kpi.series[0].name || "its first"}.`);
  return found ?? kpi.series[0];
}

function chosenWindow(catalog, series, asked, notes) {
  if (isLevel(series)) return { window: NOW, span: asked && asked !== NOW && catalog.windows.includes(asked) ? asked : "24h" };
  const fallback = DEFAULT_WINDOWS.find((window) => series.windows.includes(window)) ?? series.windows[0];
  if (!asked) return { window: fallback, span: fallback };
  if (series.windows.includes(asked)) return { window: asked, span: asked };
  const window = catalog.windows.includes(asked) ? nearestWindow(series.windows, asked) : fallback;
  notes.push(`There is no window ${asked} for this number; shown is ${window}.`);
  return { window, span: window };
}

function chosenSlice(kpi, query, notes) {
  const asked = query.get("dimension") ?? WHOLE;
  const known = kpi.dimensions.includes(asked);
  if (asked !== WHOLE && !known) notes.push(`This KPI is not sliced by ${asked}; shown is the whole.`);
  const member = known ? query.get("member") ?? WHOLE : WHOLE;
  const sliceBy = known ? asked : kpi.dimensions[0] ?? null;
  return { dimension: member === WHOLE ? WHOLE : asked, member, sliceBy };
}
