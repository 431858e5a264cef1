// The line that says whether what is shown is what there is.

import { el, setAttribute, setText } from "../dom.js";
import { formatTime } from "../format.js";

const UNSET =
  "The board does not read dead letters: start it with KPI_BROKER set, as the workers are, such as KPI_BROKER=kafka://localhost:9092.";

export class Standing {
  constructor() {
    this.text = el("span", { text: "Asking the board." });
    this.why = el("p", { class: "status-troubles", role: "status", hidden: true });
    const line = el("p", { class: "status-line" }, el("span", { class: "status-dot" }), this.text);
    this.node = el("section", { class: "status", "aria-label": "Freshness" }, line, this.why);
  }

  hear({ as_of: asOf, state, trouble, number }) {
    setText(this.text, `As of ${formatTime(asOf, "UTC", Date.parse(asOf))} UTC`);
    this.say(state === "reading" ? "fresh" : state === "starting" ? "waiting" : "old", why(state, trouble, number));
  }

  /** The board could not be asked. */
  fail(error) {
    this.say("old", `${sentence(error.message)} Trying again by itself.`);
  }

  say(level, text) {
    setAttribute(this.node, "data-level", level);
    setAttribute(document.getElementById("main"), "data-old", level === "old");
    setText(this.why, text);
    this.why.hidden = text === "";
  }
}

function why(state, trouble, number) {
  if (state === "unset") return UNSET;
  if (state === "starting") return trouble === null ? "The topic is being read." : sentence(capital(trouble));
  if (state !== "away") return "";
  const old = number > 0 ? " What is below is what was read before." : "";
  return `Dead letters cannot be read now: ${sentence(trouble)} Trying again by itself.${old}`;
}

function capital(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}`;
}

function sentence(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
