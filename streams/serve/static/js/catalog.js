// The catalog as the board tells it, with the ways in which the pages look things up.

import { get } from "./api.js";

/** What the catalog says; ApiError when the board does not tell. */
export async function loadCatalog() {
  return new Catalog(await get("catalog"));
}

export class Catalog {
  constructor(document) {
    this.document = document;
    this.groups = document.groups;
    this.kpis = document.kpis;
    this.windows = document.windows.filter((window) => window !== "now");
    const isUsed = (name) => document.kpis.some((kpi) => kpi.dimensions.includes(name));
    this.dimensions = document.dimensions.map(({ name }) => name).filter(isUsed);
    this.timeZone = document.time_zone;
    this.currency = document.currency;
    this.byName = new Map(document.kpis.map((kpi) => [kpi.kpi, kpi]));
    this.bySeries = new Map();
    for (const kpi of document.kpis) {
      for (const series of kpi.series) this.bySeries.set(seriesKey(series), { kpi, series });
    }
  }

  kpi(name) {
    return this.byName.get(name);
  }

  /** The KPI and the series that a reading is of, or its key; undefined for what the catalog does not have. */
  of({ gauge, labels }) {
    return this.bySeries.get(seriesKey({ gauge, labels }));
  }

  /** The window that a series shows where one was chosen: that, or the one most like it (as `nearest=1` gives it). */
  windowOf(series, chosen) {
    if (series.windows.includes(chosen)) return chosen;
    const seconds = (window) => Math.max(0.001, this.document.window_seconds[window]);
    const factor = (window) => Math.abs(Math.log(seconds(window) / seconds(chosen)));
    const nearer = (one, other) => factor(one) - factor(other) || seconds(other) - seconds(one);
    return [...series.windows].sort(nearer)[0];
  }

  /** The currency of a reading, or of a series. */
  currencyOf({ labels }) {
    return labels.currency ?? this.currency;
  }
}

/** What tells a reading from all others; of its key the same. */
export function readingKey({ gauge, labels, window, dimension, member }) {
  return JSON.stringify([seriesKey({ gauge, labels }), window, dimension, member]);
}

function seriesKey({ gauge, labels }) {
  return JSON.stringify([gauge, Object.entries(labels).sort()]);
}
