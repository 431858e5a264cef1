// The readings that the stream has told, by what they are of.

import { sameSeries } from "./choice.js";

/** A reading's key: what tells it from all others. */
export function keyOf(reading) {
  const labels = Object.entries(reading.labels).sort().map(([name, value]) => `${name}=${value}`);
  return [reading.gauge, ...labels, reading.window, reading.dimension, reading.member].join("\n");
}

export class Readings {
  constructor() {
    this.byKey = new Map();
    /** Grows with every change, so that others know that there was one. */
    this.version = 0;
  }

  /** All that there is, in the place of what there was. */
  replace(readings) {
    this.byKey.clear();
    this.take(readings);
  }

  /** What has changed, and what is gone. */
  take(readings, gone = []) {
    for (const reading of readings) this.byKey.set(keyOf(reading), reading);
    for (const reading of gone) this.byKey.delete(keyOf(reading));
    if (readings.length > 0 || gone.length > 0) this.version += 1;
  }

  /** The reading of a series in a window and a slice; undefined where there is none. */
  of(series, window, dimension, member) {
    return this.byKey.get(keyOf({ ...series, window, dimension, member }));
  }

  /** The readings of a series in a window, one per member of a dimension. */
  members(series, window, dimension) {
    const fits = (one) => one.window === window && one.dimension === dimension && sameSeries(series, one);
    return [...this.byKey.values()].filter(fits);
  }
}
