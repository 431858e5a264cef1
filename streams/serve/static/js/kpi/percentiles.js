// The percentiles of a duration together, with its mean, by the clock (and other labels) that is chosen.

import { el, setText } from "../dom.js";
import { windowWords } from "../format.js";
import { Asking } from "./asking.js";
import { ownLabels } from "./choice.js";
import { figureName } from "./facets.js";
import { section } from "./parts.js";
import { Plot } from "./plot.js";
import { aligned, enoughSamples } from "./points.js";
import { sliceQuery } from "./view.js";

const COLOURS = ["--line-1", "--line-2", "--line-3", "--line-4"];

/** Whether a KPI has several percentiles of one thing. */
export function hasPercentiles(kpi) {
  return new Set(kpi.series.map((series) => series.labels.quantile).filter(Boolean)).size > 1;
}

export class Percentiles {
  constructor() {
    this.plot = new Plot("Points of the percentiles, by time");
    this.caption = el("p", { class: "caption" });
    this.node = section("percentiles", "Percentiles together", this.caption, this.plot.node);
    this.asking = new Asking(
      "series",
      (found) => this.#take(found),
      () => {},
      { pause_ms: 15_000 },
    );
    this.node.hidden = true;
  }

  show(view) {
    this.view = view;
    const { kpi, span, version } = view;
    this.asking.want({ kpi: kpi.kpi, ...sliceQuery(view), span }, version);
  }

  #take({ series: found }) {
    const { catalog, kpi, currency, zone, span } = this.view;
    const together = alike(kpi, this.view.series).map((series, at) => ({ series, at }));
    const lines = together.flatMap(({ series, at }) => {
      const points = found.find((one) => catalog.of(one)?.series === series);
      const name = figureName(series);
      return points
        ? [{ name, colour: COLOURS[at % COLOURS.length], points, enough: enoughSamples(kpi, series) }]
        : [];
    });
    this.node.hidden = !lines.some(({ points }) => points.values.some((value) => value !== null));
    if (this.node.hidden) return;
    setText(
      this.caption,
      `${clockWords(this.view.series)}Half were done within p50, nine of ten within p90; over ${windowWords(span)}.`,
    );
    const looks = {
      unit: this.view.series.unit,
      currency,
      zone,
      step: lines[0].points.step,
      bars: false,
      target: null,
      benchmark: null,
    };
    this.plot.show({ ...aligned(lines), ...looks });
  }
}

/** The series that differ from the chosen one by percentile only, and the mean. */
function alike(kpi, chosen) {
  const rest = ownLabels(chosen).filter(([name]) => name !== "quantile");
  return kpi.series.filter(
    (series) => series.unit === chosen.unit && rest.every(([name, value]) => series.labels[name] === value),
  );
}

function clockWords({ labels: { clock } }) {
  return clock ? `By the ${clock} clock. ` : "";
}
