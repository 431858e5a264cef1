// Each reason with a column an hour, and the types that it was met in.

import { el, setText, svg } from "../dom.js";
import { formatTime, formatValue } from "../format.js";
import { redone, section } from "../kpi/parts.js";

const HEIGHT = 32;
const GAP = 0.15;
const LEAST = 2; // so high is a column at least that is not empty

export class Reasons {
  constructor() {
    this.caption = el("p", { class: "caption" });
    this.list = el("ol", { class: "reasons" });
    this.axis = el("p", { class: "reason-axis", "aria-hidden": "true" }, el("span"), el("span", { text: "now" }));
    this.node = section("reasons", "Reasons over time", this.caption, this.list, this.axis);
  }

  show({ reasons, hours, number }) {
    this.node.hidden = number === 0;
    const most = Math.max(1, ...reasons.flatMap((reason) => reason.hours));
    const span = `A column an hour, ${hours.length} hours up to now, by the time of the record (UTC).`;
    setText(this.caption, `${span} The highest is ${formatValue(most, "count")}.`);
    setText(this.axis.firstChild, formatTime(hours[0], "UTC").slice(0, -3));
    redone(this.list, reasons.map((reason) => ({ ...reason, samples: null, most, from: hours[0] })), row);
  }
}

function row({ reason, number, replayed, last, hours, types, most, from }) {
  const inHours = hours.reduce((sum, one) => sum + one, 0);
  return el(
    "li",
    { class: "reason", "data-reason": reason },
    el("h3", { class: "reason-name", text: reason }),
    columns(hours, most, `${reason}: ${formatValue(inHours, "count")} since ${formatTime(from, "UTC")}`),
    el(
      "p",
      { class: "reason-numbers" },
      el("b", { text: formatValue(number, "count") }),
      last === null ? "" : ` newest ${formatTime(last, "UTC")}`,
      replayed > 0 ? el("span", { class: "reason-replayed", text: `${formatValue(replayed, "count")} published again` }) : null,
    ),
    el("ul", { class: "reason-types", "aria-label": `Types of ${reason}` }, ...types.map(type)),
  );
}

function type({ type: name, number }) {
  return el("li", {}, el("b", { text: formatValue(number, "count") }), ` ${name ?? "no type"}`);
}

function columns(hours, most, label) {
  const bars = hours.map((number, at) => number > 0 && bar(at, number, most)).filter((one) => one !== false);
  return svg(
    "svg",
    { class: "hours", viewBox: `0 0 ${hours.length} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    ...bars,
  );
}

function bar(at, number, most) {
  const height = Math.max(LEAST, (HEIGHT * number) / most);
  return svg("rect", { x: at + GAP, y: HEIGHT - height, width: 1 - 2 * GAP, height });
}
