// The readings that the stream has told, by KPI.

import { readingKey } from "./catalog.js";

const WORST = ["critical", "warn", "ok", "few_samples"];

export class Readings {
  constructor(catalog) {
    this.catalog = catalog;
    this.forget();
  }

  /** Nothing is known: another view begins. */
  forget() {
    this.byKpi = new Map(this.catalog.kpis.map(({ kpi }) => [kpi, new Map()]));
  }

  /** Take all that is told in the place of what was known. */
  replace({ readings }) {
    this.forget();
    for (const reading of readings) this.byKpi.get(reading.kpi).set(readingKey(reading), reading);
  }

  /** Take what has changed; returns the names of the KPIs of which something has. */
  apply({ readings, gone }) {
    for (const key of gone) this.byKpi.get(this.catalog.of(key).kpi.kpi).delete(readingKey(key));
    for (const reading of readings) this.byKpi.get(reading.kpi).set(readingKey(reading), reading);
    return new Set([...readings.map(({ kpi }) => kpi), ...gone.map((key) => this.catalog.of(key).kpi.kpi)]);
  }

  /** The reading of the series that stands for a KPI, in the window that it shows; null where there is none. */
  standing(kpi, chosen) {
    const [first] = kpi.series, window = this.catalog.windowOf(first, chosen);
    const found = this.of(kpi).find((one) => one.window === window && this.catalog.of(one).series === first);
    return found ?? null;
  }

  /** The reading of a KPI with the worst verdict, whichever series and window; null where nothing is judged. */
  worst(kpi) {
    const judged = this.of(kpi).filter(({ verdict }) => verdict !== "none");
    judged.sort((one, other) => WORST.indexOf(one.verdict) - WORST.indexOf(other.verdict));
    return judged[0] ?? null;
  }

  of({ kpi }) {
    return [...this.byKpi.get(kpi).values()];
  }
}
