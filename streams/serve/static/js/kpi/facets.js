// The switches between a KPI's series: one for what is measured of it (a percentile, the mean, the oldest),
// and one for each further label (clock, state, kind). Pure.

import { ownLabels } from "./choice.js";

const FIGURE = "figure";
const TITLES = { [FIGURE]: "Figure", state: "State", clock: "Clock", kind: "Kind" };

/** Facets of a KPI between which there is something to choose: `{title, options: [{text, series, current}]}`. */
export function facets(kpi, chosen) {
  const names = [FIGURE, ...new Set(kpi.series.flatMap((series) => labelNames(series)))];
  return names.map((name) => facet(kpi, chosen, name)).filter((one) => one.options.length > 1);
}

function facet(kpi, chosen, name) {
  const all = kpi.series.map((series) => valueOf(series, name));
  const values = [...new Set(all)].filter((value) => value !== undefined);
  const options = values.map((value) => {
    const series = closest(kpi, chosen, name, value);
    return { text: textOf(series, name), series, current: valueOf(chosen, name) === value };
  });
  return { title: TITLES[name] ?? capital(name), options };
}

/** Of the series with this value the one that is most like the chosen one. */
function closest(kpi, chosen, name, value) {
  const alike = (series) =>
    [FIGURE, ...labelNames(chosen)].filter((other) => valueOf(series, other) === valueOf(chosen, other))
      .length;
  const candidates = kpi.series.filter((series) => valueOf(series, name) === value);
  return candidates.reduce((best, series) => (alike(series) > alike(best) ? series : best));
}

function labelNames(series) {
  return ownLabels(series)
    .map(([name]) => name)
    .filter((name) => name !== "quantile");
}

function valueOf(series, name) {
  return name === FIGURE ? `${series.gauge} ${series.labels.quantile ?? ""}` : series.labels[name];
}

function textOf(series, name) {
  if (name !== FIGURE) return series.labels[name];
  return figureName(series) || (series.unit === "count" ? "number" : "value");
}

/** What is left of a series' name without its labels: `p90`, `mean`, `oldest`; may be empty. */
export function figureName(series) {
  const labels = new Set(
    labelNames(series).flatMap((name) => [series.labels[name], `${name} ${series.labels[name]}`]),
  );
  return series.name
    .split(", ")
    .filter((part) => !labels.has(part))
    .join(", ");
}

function capital(name) {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
