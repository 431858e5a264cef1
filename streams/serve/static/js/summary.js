// The line for three seconds: is the business well, and where is it not.

import { link } from "./address.js";
import { el, setAttribute, setText } from "./dom.js";
import { meetsTarget } from "./words.js";

const COUNTED = { critical: "critical", warn: "warn", ok: "ok" };

export class Summary {
  constructor() {
    this.counts = Object.fromEntries(Object.keys(COUNTED).map((verdict) => [verdict, el("b", { text: "–" })]));
    this.breached = el("b", { text: "–" });
    this.breachedWord = el("span", { text: " guardrails breached" });
    this.rest = el("p", { class: "summary-rest" });
    this.bad = el("ul", { class: "summary-bad", "aria-label": "Beyond their limits" });
    this.aloud = el("p", { class: "spoken", role: "status" });
    const figures = Object.entries(COUNTED).map(([verdict, word]) => figure(verdict, this.counts[verdict], ` ${word}`));
    this.node = el(
      "section",
      { class: "summary", "aria-labelledby": "summary-title" },
      el("h2", { class: "spoken", id: "summary-title", text: "Summary" }),
      el("ul", { class: "summary-figures" }, ...figures, figure("breached", this.breached, this.breachedWord)),
      this.rest,
      this.bad,
      this.aloud,
    );
  }

  /** Of the tiles as they are now. */
  show(tiles) {
    const told = tiles.filter((tile) => tile.reading !== null);
    const of = (verdict) => tiles.filter((tile) => tile.verdict === verdict);
    for (const verdict of Object.keys(COUNTED)) this.figure(verdict, this.counts[verdict], of(verdict).length);
    const breached = told.filter((tile) => tile.reading.guardrails.some((guardrail) => guardrail.breached));
    this.figure("breached", this.breached, breached.length);
    const without = tiles.length - Object.keys(COUNTED).reduce((sum, verdict) => sum + of(verdict).length, 0);
    setText(this.breachedWord, breached.length === 1 ? " guardrail breached" : " guardrails breached");
    setText(this.rest, `of ${tiles.length} KPIs, ${without} not judged; ${targetsText(told)}`);
    this.showBad([...of("critical"), ...of("warn")], without === tiles.length);
    setText(this.aloud, `${of("critical").length} critical, ${of("warn").length} warn, guardrails breached: ${breached.length}.`);
  }

  figure(name, node, number) {
    setText(node, String(number));
    setAttribute(node.parentNode, "data-some", number > 0 ? "" : null);
  }

  /** What is bad, by name, as links. */
  showBad(tiles, noneIsJudged) {
    const rows = tiles.map(({ kpi, verdict, beyond }) => ({
      verdict,
      name: [kpi.title, beyond.of].filter(Boolean).join(", "),
      value: beyond.value,
      href: link(`/kpi/${kpi.kpi}`),
    }));
    const now = JSON.stringify([rows, noneIsJudged]);
    if (now === this.shown) return;
    this.shown = now;
    const nothing = noneIsJudged ? "Nothing is judged: there are no values, or too few samples." : "Nothing is beyond its limits.";
    this.bad.replaceChildren(...(rows.length ? rows.map(chip) : [el("li", { text: nothing })]));
  }
}

function targetsText(tiles) {
  const met = tiles.map(({ reading, kpi }) => meetsTarget(reading, kpi));
  const count = (which) => met.filter((one) => one === which).length;
  return `targets: ${count(true)} met, ${count(false)} missed`;
}

function figure(name, number, word) {
  return el("li", { class: "figure", "data-figure": name }, number, word);
}

function chip({ verdict, name, value, href }) {
  const word = el("span", { class: "spoken", text: `${verdict}: ` });
  return el("li", {}, el("a", { class: "chip", "data-verdict": verdict, href }, word, `${name} `, el("b", { text: value })));
}
