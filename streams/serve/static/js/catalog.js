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
    this.dimensions = document.dimensions.map(({ name }) => name);
    this.timeZone = document.time_zone;
    this.currency = document.currency;
    this.byName = new Map(document.kpis.map((kpi) => [kpi.kpi, kpi]));
  }

  kpi(name) {
    return this.byName.get(name);
  }

  /** The series that a reading is of; undefined when the catalog has none such. */
  seriesOf(reading) {
    return this.kpi(reading.kpi)?.series.find(
      (series) => series.gauge === reading.gauge && sameLabels(series.labels, reading.labels),
    );
  }

  /** The currency of a reading, or of a series. */
  currencyOf({ labels }) {
    return labels.currency ?? this.currency;
  }
}

/** What tells a reading from all others. */
export function readingKey({ kpi, gauge, labels, window, dimension, member }) {
  return JSON.stringify([kpi, gauge, Object.entries(labels).sort(), window, dimension, member]);
}

function sameLabels(one, other) {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
