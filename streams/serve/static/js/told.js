// The readings of one view, as the stream has told them.

import { readingKey } from "./catalog.js";

const WORST = ["critical", "warn", "ok", "few_samples"];

export class Told {
  constructor(catalog) {
    this.catalog = catalog;
    this.byKey = new Map();
    /** Grows with every change, so that others know that there was one. */
    this.version = 0;
    /** Whether the board has computed any: before, that there is none means nothing. */
    this.known = false;
  }

  /**
   * All that there is, in the place of what there was. A board that was started anew has none at first, which
   * means nothing either: what there was stays until it has.
   */
  replace(document) {
    if (document.as_of === null) return;
    this.byKey.clear();
    this.apply({ ...document, gone: [] });
  }

  /** What has changed, and what is gone. */
  apply({ readings, gone, as_of: asOf }) {
    for (const reading of readings) this.byKey.set(readingKey(reading), reading);
    for (const key of gone) this.byKey.delete(readingKey(key));
    if (readings.length > 0 || gone.length > 0) this.version += 1;
    this.known ||= asOf !== null;
  }

  /** The reading of a series in a window and a slice; undefined where there is none. */
  of(series, window, dimension, member) {
    return this.byKey.get(readingKey({ ...series, window, dimension, member }));
  }

  /** The readings of a series in a window, one per member of a dimension. */
  members(series, window, dimension) {
    const fits = (one) =>
      one.window === window && one.dimension === dimension && this.catalog.of(one)?.series === series;
    return [...this.byKey.values()].filter(fits);
  }

  /** The reading of a KPI with the worst verdict, whichever series and window; null where nothing is judged. */
  worst({ kpi }) {
    const judged = [...this.byKey.values()].filter((one) => one.kpi === kpi && one.verdict !== "none");
    judged.sort((one, other) => WORST.indexOf(one.verdict) - WORST.indexOf(other.verdict));
    return judged[0] ?? null;
  }
}
