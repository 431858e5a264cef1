// What a KPI's page is asked for by its address, and what of that can be shown.
//
// Nothing here touches the page or the network. A choice is always one that exists: what was asked for in vain
// is told in `notes`, a sentence each.

import { DEFAULT_WINDOW } from "../address.js";

export const WHOLE = "all";
export const NOW = "now";
/** Own labels that are no choice: there is one currency. */
const NO_CHOICE = new Set(["currency"]);
/** Names that the address uses for other things. */
const TAKEN = new Set(["window", "dimension", "member", "theme", "gauge", "sort", "kpi"]);
const LEVEL_SPANS = ["1h", "24h", "7d", "30d", "90d", "365d"];

/**
 * The choice for one KPI of the catalog.
 *
 * `view` is what the address asks for, as `current()` of address.js tells it. Of what is returned, `window` is
 * that of the reading, `span` what the chart covers, and `sliceBy` the dimension of the table of slices, null
 * where the KPI has none.
 */
export function choose(catalog, kpi, view) {
  const notes = [];
  const series = chosenSeries(kpi, view, notes);
  const windows = chosenWindow(catalog, series, view, notes);
  return { series, ...windows, ...chosenSlice(kpi, view, notes), notes };
}

/** The labels that tell a KPI's series apart. */
export function ownLabels(series) {
  return Object.entries(series.labels).filter(([name]) => !NO_CHOICE.has(name));
}

/** Changes of the address that lead to a series; to the one that stands for its KPI nothing need be said. */
export function seriesChanges(kpi, series) {
  if (series === kpi.series[0]) return noSeries(kpi);
  const gauge = series.gauge === kpi.series[0].gauge ? null : series.gauge;
  return { ...noSeries(kpi), gauge, ...Object.fromEntries(ownLabels(series)) };
}

/** Changes of the address that take away what it says of a KPI's series. */
export function noSeries(kpi) {
  const names = kpi.series.flatMap((series) => ownLabels(series).map(([name]) => name));
  return { gauge: null, ...Object.fromEntries(names.map((name) => [name, null])) };
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

function chosenSeries(kpi, { all }, notes) {
  const names = new Set(kpi.series.flatMap((series) => ownLabels(series).map(([name]) => name)));
  const wanted = Object.entries(all).filter(([name]) => names.has(name) && !TAKEN.has(name));
  const fits = (series) =>
    (!all.gauge || series.gauge === all.gauge) &&
    wanted.every(([name, value]) => series.labels[name] === value);
  const found = kpi.series.find(fits);
  if (found) return found;
  const asked = [all.gauge, ...wanted.map((pair) => pair.join(" "))].filter(Boolean).join(", ");
  const [first] = kpi.series;
  notes.push(`This KPI has no series ${asked}; shown is ${first.name || "the number itself"}.`);
  return first;
}

function chosenWindow(catalog, series, { window: asked, all }, notes) {
  const known = catalog.windows.includes(asked);
  if (isLevel(series)) return { window: NOW, span: known ? asked : levelSpans(catalog)[0] };
  const window = catalog.windowOf(series, known ? asked : DEFAULT_WINDOW);
  if (window !== asked && all.window)
    notes.push(`This number has no window ${asked}; shown is the nearest, ${window}.`);
  return { window, span: window };
}

function chosenSlice(kpi, { dimension: asked, member: wanted }, notes) {
  const known = kpi.dimensions.includes(asked);
  if (asked !== WHOLE && !known) notes.push(`This KPI is not sliced by ${asked}; shown is the whole.`);
  const member = (known && wanted) || WHOLE;
  const sliceBy = known ? asked : (kpi.dimensions[0] ?? null);
  return { dimension: member === WHOLE ? WHOLE : asked, member, sliceBy };
}
