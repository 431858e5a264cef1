// Which sections a KPI's page has, from the top down: by what the catalog says of it.

import { Alerts } from "./alerts.js";
import { Chart } from "./chart.js";
import { Definition } from "./definition.js";
import { Explain } from "./explain.js";
import { Funnel } from "./funnel.js";
import { isFunnel } from "./funnel_steps.js";
import { Head } from "./head.js";
import { Pair } from "./pair.js";
import { hasPercentiles, Percentiles } from "./percentiles.js";
import { Slices } from "./slices.js";
import { Switches } from "./switches.js";
import { Waiting } from "./waiting.js";

/**
 * The head, and the two columns that a wide screen has side by side. Each section has a `node`, and is told by
 * `show(view)` of every change.
 */
export function sectionsOf(catalog, kpi) {
  const measures = [...new Set(kpi.series.map((series) => series.open_measure).filter(Boolean))];
  return {
    head: [new Head(catalog, kpi), new Switches()],
    course: [
      ...measures.map((measure) => new Waiting(measure)),
      ...(isFunnel(kpi) ? [new Funnel()] : []),
      new Chart(),
      ...(hasPercentiles(kpi) ? [new Percentiles()] : []),
      new Pair(catalog, kpi),
    ],
    detail: [new Slices(), new Explain(), new Alerts(kpi), new Definition(kpi)],
  };
}
