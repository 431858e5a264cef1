// What the page is about, and how many there are.

import { el, setText } from "../dom.js";
import { formatValue } from "../format.js";

export class Head {
  constructor() {
    this.number = el("p", { class: "letters-number" });
    this.notes = el("p", { class: "caption" });
    this.node = el(
      "section",
      { class: "card letters-head", "aria-labelledby": "letters-title" },
      el("h1", { id: "letters-title", text: "Dead letters" }),
      el("p", {
        text: "Records that could not be counted. They are kept whole: corrected and published again, they count.",
      }),
      this.number,
      this.notes,
      el(
        "p",
        { class: "caption" },
        el("a", { href: "/docs/runbooks/CrmDeadLetterShare", text: "What to do when there are many" }),
        ". To look closer and to publish again: ",
        el("code", { text: "kpi dead-letters" }),
        ".",
      ),
    );
  }

  show({ number, reasons, state, complete, others, topic }) {
    const replayed = reasons.reduce((sum, reason) => sum + reason.replayed, 0);
    const again = replayed > 0 ? `, ${formatValue(replayed, "count")} of them published again` : "";
    setText(this.number, state === "unset" ? "" : `${letters(number)}${again}`);
    const part = complete ? `All of the topic ${topic}.` : `Of the topic ${topic} the newest only; older ones are there.`;
    const strange = others > 0 ? ` ${formatValue(others, "count")} records in it are no dead letters.` : "";
    setText(this.notes, state === "reading" || number > 0 ? `${part}${strange} Personal data is masked.` : "");
  }
}

function letters(number) {
  if (number === 0) return "No dead letters";
  return number === 1 ? "1 dead letter" : `${formatValue(number, "count")} dead letters`;
}
