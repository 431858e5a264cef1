// What the number is: what counts, what does not, and how it differs from others of the same name.

import { address } from "../api.js";
import { el, setAttribute, setText } from "../dom.js";
import { section } from "./parts.js";
import { sliceQuery } from "./view.js";

const WORDS = {
  note: "In short",
  counts: "What counts",
  leaves_out: "What does not",
  differs: "Other definitions",
};

export class Definition {
  constructor(kpi) {
    const rows = Object.entries(WORDS)
      .filter(([name]) => kpi[name])
      .flatMap(([name, title]) => row(title, kpi[name]));
    this.formula = el("dd", { class: "code" });
    this.json = el("a", { text: "These readings as JSON" });
    this.node = section(
      "definition",
      "Definition",
      el("dl", { class: "words" }, ...rows, el("dt", { text: "Formula" }), this.formula),
      el(
        "p",
        { class: "links" },
        el("a", {
          href: `/docs/kpis/${encodeURIComponent(kpi.kpi)}`,
          text: "The KPI's page in the reference",
        }),
        this.json,
      ),
    );
  }

  show(view) {
    setText(this.formula, view.series.formula);
    const asked = { kpi: view.kpi.kpi, window: view.window, ...sliceQuery(view) };
    setAttribute(this.json, "href", address("readings", asked));
  }
}

function row(title, text) {
  return [el("dt", { text: title }), el("dd", { text })];
}
