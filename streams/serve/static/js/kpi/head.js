// The head of a KPI's page: what it is, the number, and what the number is to be held against.

import { link } from "../address.js";
import { el, setAttribute, setText } from "../dom.js";
import { formatValue, windowWords } from "../format.js";
import { boundsText, changeArrow, changeText, changeTone, targetState, verdictBadge, whyNone } from "./judged.js";
import { figureName } from "./facets.js";
import { currencyOf, sliceWords } from "./view.js";

const GOOD = { up: "higher is better", down: "lower is better", none: "neither high nor low is better" };
const TARGET = { met: "met", missed: "not met" };

export class Head {
  constructor({ catalog, kpi }) {
    this.notes = el("ul", { class: "notes", role: "status" });
    this.figure = el("span", { class: "figure" });
    this.badge = el("span", { class: "figure-badge" });
    this.of = el("p", { class: "figure-of" });
    this.change = el("p", { class: "figure-change" });
    this.doubt = el("p", { class: "figure-doubt" });
    this.breach = el("p", { class: "breach", role: "alert" });
    this.facts = el("dl", { class: "facts" });
    this.crumb = el("a", {});
    this.element = el("section", { class: "kpi-head", "aria-labelledby": "kpi-title" },
      el("p", { class: "crumbs" }, this.crumb, " › ", groupTitle(catalog, kpi)),
      el("h1", { id: "kpi-title", text: kpi.title }),
      el("p", { class: "goal", text: kpi.goal }),
      el("p", { class: "owner", text: `Owner: ${kpi.owner}; ${GOOD[kpi.good]}` }),
      this.notes,
      el("div", { class: "card number-card" },
        el("div", { class: "number-main" },
          this.of, el("p", { class: "figure-line" }, this.figure, this.badge), this.change, this.doubt, this.breach),
        this.facts));
  }

  show(view) {
    const { series, reading, currency } = view;
    setAttribute(this.crumb, "href", link("/", { ...NO_SERIES(view.kpi) }));
    setText(this.crumb, "All KPIs");
    setText(this.of, ofWhat(view));
    setText(this.figure, formatValue(reading?.value ?? null, series.unit, currency));
    this.#badge(reading);
    this.#change(view);
    setText(this.doubt, doubt(view));
    setText(this.breach, breachText(reading));
    this.breach.hidden = this.breach.textContent === "";
    this.doubt.hidden = this.doubt.textContent === "";
    same(this.notes, view.notes, (text) => el("li", { text }));
    same(this.facts, facts(view), ([name, text, tone]) => fact(name, text, tone));
  }

  #badge(reading) {
    const verdict = reading?.verdict ?? "none";
    if (this.badge.dataset.verdict === verdict) return;
    this.badge.dataset.verdict = verdict;
    this.badge.replaceChildren(...[verdictBadge(verdict)].filter(Boolean));
  }

  #change({ reading, series, kpi, window, currency }) {
    const text = changeText(reading, series.unit);
    setAttribute(this.change, "class", `figure-change ${changeTone(reading?.change, kpi.good)}`);
    const before = formatValue(reading?.previous ?? null, series.unit, currency);
    setText(this.change, text === null ? "" : `${changeArrow(reading.change)} ${text} against the window before (${before})`);
    if (text === null) setText(this.change, window === "now" ? "" : "No change is known: there is nothing to compare with.");
    this.change.hidden = this.change.textContent === "";
  }
}

function groupTitle(catalog, kpi) {
  return catalog.groups.find((group) => group.id === kpi.group)?.title ?? kpi.group;
}

/** `p90, business, of the last 24 hours, channel web` */
function ofWhat(view) {
  const { series, window } = view;
  const when = window === "now" ? "now" : windowWords(window);
  return [series.name, when, sliceWords(view)].filter(Boolean).join(", ");
}

function doubt({ series, reading, kpi }) {
  if ((reading?.value ?? null) === null) return whyNone(reading, series);
  if (reading.verdict === "few_samples") return "Too few samples to judge it.";
  if (series.labels.state === "provisional") return "Provisional: what happens from now on still counts into it.";
  if (series.state_final) return "Final: it looks at what has had time enough, and ends so long ago.";
  return "";
}

function breachText(reading) {
  return (reading?.guardrails ?? []).filter((one) => one.breached).map((one) => one.sentence).join(" ");
}

function facts({ kpi, series, reading, currency }) {
  const told = (value) => formatValue(value, series.unit, currency);
  const comparable = series.unit === kpi.series[0].unit;
  const state = targetState(reading?.value, comparable ? kpi.target : null, kpi.good);
  const bounds = boundsText(reading, series.unit, currency);
  return [
    ["Target", kpi.target === null ? "none" : targetText(kpi, state), state],
    ["Benchmark", benchmarkText(kpi)],
    ["Bounds", bounds ?? "none"],
    ["Samples", samplesText(reading, series)],
    ["Window before", told(reading?.previous ?? null)],
  ];
}

function targetText(kpi, state) {
  const text = formatValue(kpi.target, kpi.unit, currencyOf(kpi.series[0]));
  return state === null ? text : `${text}, ${TARGET[state]}`;
}

function benchmarkText(kpi) {
  if (!kpi.benchmark) return "none";
  const [low, high] = [kpi.benchmark.low, kpi.benchmark.high].map((value) => formatValue(value, kpi.unit, currencyOf(kpi.series[0])));
  return `${low === high ? low : `${low} to ${high}`} (${kpi.benchmark.source}, ${kpi.benchmark.date})`;
}

/** Of a sum of money the samples are the amount again. */
function samplesText(reading, series) {
  const amount = series.unit === "money" && (reading?.denominator ?? null) === null;
  return formatValue(amount ? null : reading?.samples ?? null, "count");
}

function fact(name, text, tone) {
  return el("div", { class: tone ? `fact ${tone}` : "fact" }, el("dt", { text: name }), el("dd", { text }));
}

/** Children made from values, only when these have changed. */
function same(parent, values, made) {
  const told = JSON.stringify(values);
  if (parent.dataset.told === told) return;
  parent.dataset.told = told;
  parent.replaceChildren(...values.map(made));
}

function NO_SERIES(kpi) {
  return { gauge: null, sort: null, ...Object.fromEntries(kpi.series.flatMap((one) => Object.keys(one.labels)).map((name) => [name, null])) };
}
