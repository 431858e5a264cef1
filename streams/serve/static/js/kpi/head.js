// The head of a KPI's page: what it is, the number, and what the number is to be held against.

import { link } from "../address.js";
import { el, setAttribute, setText, spoken } from "../dom.js";
import { formatValue, windowWords } from "../format.js";
import { followView } from "../header.js";
import { changeOf, targetText, verdictWord } from "../words.js";
import { worstElsewhere } from "./alerted.js";
import { stateOf } from "./alerts.js";
import { noSeries } from "./choice.js";
import { boundsWords, rangeWords, whyNone } from "./judged.js";
import { redone } from "./parts.js";
import { currencyOf, sliceWords } from "./view.js";

const LONG = 9; // so many characters do not fit in the largest letters
const GOOD = { up: "higher is better", down: "lower is better", none: "neither more nor less is better" };

export class Head {
  constructor(catalog, kpi) {
    this.notes = el("ul", { class: "notes", role: "status" });
    this.of = el("p", { class: "number-of" });
    this.value = el("span", { class: "number-value" });
    this.verdict = el("span", { class: "verdict" });
    this.change = el("span", { class: "change" });
    this.before = el("span", { class: "number-before" });
    this.aloud = spoken("");
    this.doubt = el("p", { class: "number-doubt" });
    this.breach = el("p", { class: "number-breach" });
    this.elsewhere = el("p", { class: "number-elsewhere" });
    this.facts = el("dl", { class: "facts" });
    this.node = el(
      "section",
      { class: "kpi-head", "aria-labelledby": "kpi-title" },
      el("div", { class: "kpi-words" }, ...words(catalog, kpi), this.notes),
      el(
        "div",
        { class: "card headline" },
        el(
          "div",
          { class: "number-main" },
          this.of,
          el("p", { class: "number-line" }, this.value, this.verdict),
          el("p", { class: "number-change" }, this.change, " ", this.before, this.aloud),
          this.doubt,
          this.breach,
          this.elsewhere,
        ),
        this.facts,
      ),
    );
  }

  show(view) {
    const { series, reading, currency } = view;
    setText(
      this.of,
      [series.name, view.window === "now" ? "now" : windowWords(view.window), sliceWords(view)]
        .filter(Boolean)
        .join(", "),
    );
    this.#value(formatValue(reading?.value, series.unit, currency));
    this.#verdict(reading?.verdict ?? "none");
    this.#change(view);
    told(this.doubt, doubtOf(view));
    told(this.breach, breachOf(reading));
    this.#elsewhere(view);
    redone(this.notes, view.notes, (text) => el("li", { text }));
    redone(this.facts, factsOf(view), ([name, text]) =>
      el("div", {}, el("dt", { text: name }), el("dd", { text })),
    );
  }

  /** The chosen number may be well while another of the KPI is what somebody was paged for. */
  #elsewhere(view) {
    const worst = worstElsewhere(view);
    const told = worst === null ? [] : [{ ...worst, at: location.search }];
    redone(this.elsewhere, told, (one) => stateOf(view.kpi, one, one.series.name));
    this.elsewhere.hidden = worst === null;
  }

  #value(text) {
    setText(this.value, text);
    setAttribute(this.value, "data-long", text.length > LONG);
  }

  #verdict(verdict) {
    setText(this.verdict, verdictWord(verdict) || "not judged");
    setAttribute(this.verdict, "data-verdict", verdict);
  }

  #change({ reading, kpi, series, currency }) {
    const change = reading && changeOf(reading, kpi, series.unit, currency);
    setText(this.change, change?.text ?? "");
    setText(this.before, change ? change.before : reading ? "nothing to compare with" : "");
    setText(this.aloud, change?.spoken ?? "");
    setAttribute(this.change, "data-way", change?.way ?? "none");
  }
}

function words(catalog, kpi) {
  const group = catalog.groups.find(({ id }) => id === kpi.group);
  const home = followView(el("a", { text: "All KPIs" }), () => link("/", noSeries(kpi)));
  return [
    el("p", { class: "crumbs" }, home, ` › ${group?.title ?? kpi.group}`),
    el("h1", { id: "kpi-title", text: kpi.title }),
    el("p", { class: "goal", text: kpi.goal }),
    el("p", { class: "owner", text: `Owner: ${kpi.owner} · ${GOOD[kpi.good]}` }),
  ];
}

function told(node, text) {
  setText(node, text);
  node.hidden = text === "";
}

function doubtOf({ series, reading, known }) {
  if (!known) return "The board has told no readings yet.";
  if ((reading?.value ?? null) === null) return whyNone(reading, series);
  if (reading.verdict === "few_samples") return "Its samples are too few to judge it.";
  if (series.labels.state === "provisional")
    return "Provisional: what has begun may still end well, and then counts too.";
  if (series.state_final) return "Final: of what began so long ago that it has had its time.";
  return "";
}

function breachOf(reading) {
  const breaches = (reading?.guardrails ?? []).filter(({ breached }) => breached);
  return breaches.map(({ sentence }) => `Guardrail: ${sentence}.`).join(" ");
}

function factsOf({ kpi, series, reading, currency }) {
  return [
    ["Target", targetOf(kpi, series, reading, currency)],
    ["Bounds at 95 %", (reading && boundsWords(reading, series.unit, currency)) ?? "none"],
    ["Samples", formatValue(reading?.samples, "count")],
    ["Window before", formatValue(reading?.previous, series.unit, currency)],
    ["Benchmark", benchmarkOf(kpi)],
  ];
}

/** The target is one of the series that stands for its KPI; of another it is said whose it is. */
function targetOf(kpi, series, reading, currency) {
  if (kpi.target === null) return "none";
  if (reading && reading.target !== null)
    return targetText(reading, kpi, series.unit, currency)
      .replace("target ", "")
      .replace(/ (met|missed)$/, ", $1");
  const [first] = kpi.series;
  const text = formatValue(kpi.target, kpi.unit, currencyOf(first));
  return first === series ? text : `${text} (of ${first.name || "the number"})`;
}

function benchmarkOf({ benchmark, unit, series }) {
  if (!benchmark) return "none";
  const range = rangeWords(benchmark, unit, currencyOf(series[0]));
  return `${range} (${benchmark.date}: ${benchmark.source})`;
}
