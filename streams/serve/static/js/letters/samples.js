// The newest letters of each reason, as far as they may be shown.

import { el } from "../dom.js";
import { formatTime } from "../format.js";
import { redone, section } from "../kpi/parts.js";

export class Samples {
  constructor() {
    this.list = el("ul", { class: "samples" });
    this.node = section(
      "samples",
      "The newest of each reason",
      el("p", { class: "caption", text: "Enumerations, numbers and times are shown as they are; of all else only what it is." }),
      this.list,
    );
  }

  show({ reasons, number }) {
    this.node.hidden = number === 0;
    redone(this.list, reasons.map(({ reason, samples }) => ({ reason, samples })), ofReason);
  }
}

function ofReason({ reason, samples }) {
  return el(
    "li",
    { class: "of-reason" },
    el("h3", { id: `samples-${reason}`, text: reason }),
    el("ul", { class: "letters", "aria-labelledby": `samples-${reason}` }, ...samples.map(letter)),
  );
}

function letter({ id, time, field, type, source, message, event, replayed_at: replayedAt }) {
  const said = [time === null ? "no time" : formatTime(time, "UTC"), type, field].filter((one) => one !== null);
  return el(
    "li",
    { class: "letter", "data-id": id },
    el("p", { class: "letter-message", text: message }),
    el("p", { class: "letter-place", text: said.join(" · ") }),
    replayedAt === null ? null : el("p", { class: "letter-replayed", text: `Published again ${formatTime(replayedAt, "UTC")}` }),
    el(
      "details",
      {},
      el("summary", { "data-key": id, text: id }),
      source === null ? null : el("p", { class: "letter-place", text: `source ${source}` }),
      el("pre", { class: "letter-event", text: typeof event === "string" ? event : JSON.stringify(event, null, 2) }),
    ),
  );
}
