// The number together with what must not get worse while it gets better: one below the other, over the same time.

import { link } from "../address.js";
import { el, setText } from "../dom.js";
import { Asking } from "./asking.js";
import { barsOf, marksOf } from "./chart.js";
import { noSeries, WHOLE } from "./choice.js";
import { section } from "./parts.js";
import { Plot } from "./plot.js";
import { aligned, enoughSamples } from "./points.js";
import { currencyOf, sliceQuery } from "./view.js";

const STATES = {
  held: "Held: the number did not get better at its cost, beyond what its tolerance and chance allow.",
  none: "Not compared: one of the two has no window before, or too few samples.",
};

/** The KPI and its guardrails, by the series that stand for them. */
export class Pair {
  constructor(catalog, kpi) {
    const rails = kpi.guardrails.map((one) => ({ ...one, of: catalog.kpi(one.kpi) }));
    this.own = new Course(kpi, `${kpi.title}, by time`);
    this.rails = rails.map((rail) => new Rail(rail, kpi));
    this.guards = el("p", { class: "caption" }, ...guardWords(catalog, kpi));
    this.guards.hidden = kpi.guards.length === 0;
    const plots = rails.length > 0 ? [this.own.node, ...this.rails.map((rail) => rail.node)] : [];
    this.node = section("guardrails", "Guardrails", ...plots, this.guards);
    this.asking = new Asking(
      "series",
      (found) => this.#take(found),
      () => {},
      { pause_ms: 15_000 },
    );
    this.node.hidden = rails.length === 0 && kpi.guards.length === 0;
  }

  show(view) {
    this.view = view;
    if (this.rails.length === 0) return;
    const { kpi, span, version } = view;
    const slice = this.rails.every(({ of }) => [WHOLE, ...of.dimensions].includes(view.dimension))
      ? view
      : { dimension: WHOLE };
    this.asking.want(
      {
        kpi: [kpi.kpi, ...kpi.guardrails.map((one) => one.kpi)],
        series: "first",
        ...sliceQuery(slice),
        span,
      },
      version,
    );
    const told = view.readingOf(kpi.series[0])?.guardrails ?? [];
    for (const rail of this.rails)
      rail.tell(
        told.find((one) => one.kpi === rail.of.kpi),
        view.known,
      );
  }

  #take({ series }) {
    for (const course of [this.own, ...this.rails.map((rail) => rail.course)]) {
      course.draw(
        series.find((one) => one.kpi === course.kpi.kpi),
        this.view,
      );
    }
  }
}

/** One guardrail: why it is one, how it stands, and its course. */
class Rail {
  constructor({ of, why }, kpi) {
    this.of = of;
    this.course = new Course(of, `${of.title}, by time`);
    this.state = el("p", { class: "rail-state" });
    const name = el("a", { href: link(`/kpi/${of.kpi}`, noSeries(kpi)), text: of.title });
    this.node = el(
      "div",
      { class: "rail" },
      el("p", { class: "rail-why" }, name, ` must not get worse: ${why}`),
      this.state,
      this.course.node,
    );
  }

  /** How the reading compares with it; undefined where the two were not compared. */
  tell(compared, known) {
    const state = compared ? (compared.breached ? "breached" : "held") : "none";
    setText(this.state, state === "breached" ? `Breached: ${compared.sentence}.` : STATES[state]);
    this.state.dataset.state = state;
    this.state.hidden = !known;
  }
}

class Course {
  constructor(kpi, label) {
    this.kpi = kpi;
    this.plot = new Plot(label, "guardrails");
    this.empty = el("p", { class: "empty", text: "No course over this time." });
    this.node = el("div", { class: "course-of" }, el("h3", { text: kpi.title }), this.plot.node, this.empty);
  }

  draw(points, view) {
    const { kpi } = this;
    const known = points?.values.some((value) => value !== null) ?? false;
    this.plot.node.hidden = !known;
    this.empty.hidden = known;
    if (!known) return;
    const [series] = kpi.series;
    const enough = enoughSamples(kpi, series);
    const shown = aligned([
      { name: "", colour: kpi === view.kpi ? "--accent" : "--line-2", points, enough, counts: enough === 0 },
    ]);
    const marks =
      kpi === view.kpi
        ? marksOf({ kpi, series, reading: view.readingOf(series) }, points)
        : { target: null, benchmark: null };
    this.plot.show({
      ...shown,
      unit: series.unit,
      currency: currencyOf(series),
      zone: view.zone,
      step: points.step,
      bars: barsOf(series, points),
      ...marks,
    });
  }
}

function guardWords(catalog, kpi) {
  const links = kpi.guards.map((name) =>
    el("a", { href: link(`/kpi/${name}`, noSeries(kpi)), text: catalog.kpi(name).title }),
  );
  return [
    "It is itself the guardrail of ",
    ...links.flatMap((one, at) => (at === 0 ? [one] : [", ", one])),
    ".",
  ];
}
