// Who is waiting behind the number: how long they wait, and the longest of them with the way to each.

import { el, setText } from "../dom.js";
import { formatSeconds, formatTime, formatValue } from "../format.js";
import { Asking } from "./asking.js";
import { ageRows } from "./ages.js";
import { WHOLE } from "./choice.js";
import { headRow, redone, section, tableFrame } from "./parts.js";

const LISTED = [20, 100, 1_000];

export class Waiting {
  constructor(measure) {
    this.measure = measure;
    this.limit = 0;
    this.total = el("p", { class: "caption", text: "Asking who is waiting." });
    this.ages = el("ol", { class: "ages", "aria-label": "How many wait how long" });
    this.rows = el("tbody");
    this.list = tableFrame(
      "Those who wait the longest",
      headRow([
        ["Who", ""],
        ["Waits for", "number"],
        ["Since", ""],
      ]),
      this.rows,
    );
    this.more = el("button", {
      type: "button",
      class: "more",
      text: "List more",
      on: { click: () => this.#more() },
    });
    this.parts = el(
      "div",
      { class: "waiting-parts" },
      el("div", {}, el("h3", { text: "How long they wait" }), this.ages),
      el("div", {}, el("h3", { text: "The longest waiting" }), this.list, this.more),
    );
    this.node = section("waiting", "Who is waiting", this.total, this.parts);
    const failed = (error) => setText(this.total, `Who is waiting cannot be told now: ${error.message}.`);
    this.asking = new Asking("waiting", (found) => this.#take(found), failed);
  }

  show(view) {
    this.view = view;
    this.asking.want({ measure: this.measure, limit: LISTED[this.limit] }, view.version);
  }

  #more() {
    this.limit = Math.min(this.limit + 1, LISTED.length - 1);
    this.show(this.view);
  }

  #take({ number, waiting, ages, as_of: asOf }) {
    const sliced = this.view.dimension === WHOLE ? "" : " This list is of the whole, not of the slice.";
    setText(this.total, number > 0 ? `${waitWords(number)} now.${sliced}` : "Nobody is waiting.");
    this.parts.hidden = number === 0;
    redone(this.ages, ageRows(ages ?? []), ageBar);
    redone(this.rows, waiting, (waiter) => this.#row(waiter, asOf));
    this.more.hidden = waiting.length >= number || this.limit === LISTED.length - 1;
  }

  #row({ id, link, since, age_seconds: age }, asOf) {
    const name = safe(link) ? el("a", { href: link, rel: "noreferrer", text: id }) : el("span", { text: id });
    return el(
      "tr",
      {},
      el("th", { scope: "row", class: "who" }, name),
      el("td", { class: "number", text: formatSeconds(age) }),
      el("td", { text: formatTime(since, this.view.zone, Date.parse(asOf)) }),
    );
  }
}

function ageBar({ text, number, share }) {
  const bar = el("span", { class: "age-bar" });
  bar.style.inlineSize = `${100 * share}%`;
  return el(
    "li",
    { class: "age" },
    el("span", { class: "age-text", text }),
    el("span", { class: "age-track", "aria-hidden": "true" }, bar),
    el("span", { class: "age-number", text: formatValue(number, "count") }),
  );
}

function waitWords(number) {
  return number === 1 ? "1 is waiting" : `${formatValue(number, "count")} are waiting`;
}

/** Only pages: the catalog may be wrong, and an id is anybody's. */
function safe(link) {
  return link !== null && /^https?:\/\//.test(link);
}
