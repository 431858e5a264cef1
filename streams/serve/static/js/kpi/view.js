// What all sections of a KPI's page are shown from: the choice of the address, and the readings it names.

import { ownLabels, WHOLE } from "./choice.js";
import { inWords } from "./parts.js";

/** All of it in one: `kpi` of the catalog, `choice` of `choose`, and the readings that the stream has told. */
export function viewOf(catalog, kpi, choice, readings) {
  const { series, window, dimension, member } = choice;
  return {
    catalog,
    kpi,
    ...choice,
    readings,
    reading: readings.of(series, window, dimension, member),
    readingOf: (other) => readings.of(other, window, dimension, member),
    currency: currencyOf(series),
    zone: catalog.timeZone,
    version: readings.version,
    known: readings.known,
  };
}

/** The currency of a series of money, or of a reading or an explanation of one; null of any other. */
export function currencyOf(series) {
  return series.labels.currency ?? null;
}

/** What asks the API for this series alone. */
export function seriesQuery(kpi, series) {
  return { kpi: kpi.kpi, gauge: series.gauge, ...Object.fromEntries(ownLabels(series)) };
}

/** What asks the API for the chosen slice. */
export function sliceQuery({ dimension, member }) {
  return { dimension, member: dimension === WHOLE ? null : member };
}

/** The chosen slice in words: `the whole`, `channel web`. */
export function sliceWords({ dimension, member }) {
  return dimension === WHOLE ? "the whole" : `${inWords(dimension)} ${member}`;
}
