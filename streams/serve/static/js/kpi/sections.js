// Which sections a KPI's page has, from the top down: by what the catalog says of it.

import { Chart } from "./chart.js";
import { Head } from "./head.js";
import { Switches } from "./switches.js";

/** Each has a `node`, and is told by `show(view)` of every change. */
export function sectionsOf(catalog, kpi) {
  return [new Head(catalog, kpi), new Switches(), new Chart()];
}
