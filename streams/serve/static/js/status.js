// The line that says whether the numbers can be trusted: how new they are, and what is wrong, in plain words.

import { el, setAttribute, setText } from "./dom.js";
import { formatSeconds, formatTime } from "./format.js";

const DAY_MS = 86_400_000;

const OF_STATE = {
  connecting: "Asking the board for its numbers.",
  reconnecting: "The board does not answer. Trying again by itself; the numbers below are old.",
  silent: "The board has fallen silent. Trying again by itself; the numbers below may be old.",
};

const BEHIND = "The board has no readings yet; the numbers below are old.";

/** The status of what is shown, in an element of the header. */
export class Status {
  constructor(timeZone) {
    this.timeZone = timeZone;
    this.state = "connecting";
    this.fault = null;
    this.last = null;
    this.behind = false;
    this.clock = el("span");
    this.age = el("span");
    this.list = el("ul", { class: "status-troubles" });
    this.aloud = el("p", { class: "spoken", role: "status" });
    this.node = el("section", { class: "status", "aria-label": "Freshness" }, this.line(), this.list, this.aloud);
    this.timer = setInterval(() => this.tick(), 1_000);
  }

  /** A document of readings or changes has come; while it has none the numbers stay those of the last that had. */
  hear({ as_of, newest_event, stale, troubles }) {
    const heard = { as_of, newest_event, heard_ms: performance.now() };
    this.behind = as_of === null && this.last?.as_of != null;
    this.last = { ...(this.behind ? this.last : heard), stale, troubles };
    this.fault = null;
    this.show();
  }

  /** The stream's state has changed. */
  connection(state) {
    this.state = state;
    this.show();
  }

  /** Something that was asked for could not be had. */
  fail(error) {
    this.fault = error.message;
    this.show();
  }

  /** Why the numbers should not be relied on, in sentences; none when they may be. */
  reasons() {
    const reasons = this.fault === null ? [] : [`Not all can be shown: ${this.fault}.`];
    if (this.state in OF_STATE) reasons.push(OF_STATE[this.state]);
    if (this.behind) reasons.push(BEHIND);
    return [...reasons, ...troublesOf(this.last)];
  }

  get fresh() {
    return this.last?.as_of != null && this.reasons().length === 0;
  }

  /** fresh, old, or waiting for the first numbers. */
  get level() {
    return this.fresh ? "fresh" : this.state === "connecting" ? "waiting" : "old";
  }

  show() {
    const reasons = this.reasons();
    setAttribute(this.node, "data-level", this.level);
    setAttribute(document.getElementById("main"), "data-old", this.level === "old");
    const rows = reasons.map((reason) => el("li", { text: reason }));
    if (reasons.join("\n") !== [...this.list.children].map((row) => row.textContent).join("\n")) {
      this.list.replaceChildren(...rows);
    }
    setText(this.aloud, reasons.length ? reasons.join(" ") : "The numbers are up to date.");
    this.tick();
  }

  line() {
    return el("p", { class: "status-line" }, el("span", { class: "status-dot" }), this.clock, " ", this.age);
  }

  tick() {
    setText(this.clock, clockText(this.last, this.timeZone));
    setText(this.age, ageText(this.last));
  }
}

function clockText(last, timeZone) {
  if (last === null || last.as_of === null) return "No readings yet";
  const as_of_ms = Date.parse(last.as_of);
  return `As of ${formatTime(as_of_ms, timeZone)} ${timeZone}`; // a replay of the past says its day
}

/** `newest event 3 s ago`; the age is counted on from when it was told. */
function ageText(last) {
  if (last === null || last.as_of === null) return "";
  if (last.newest_event === null) return "no event yet";
  if (Date.now() - Date.parse(last.as_of) > DAY_MS) return ""; // of a replay it means nothing
  const since_ms = performance.now() - last.heard_ms;
  const age_s = Math.floor((Date.parse(last.as_of) - Date.parse(last.newest_event) + since_ms) / 1_000);
  return `newest event ${age_s > 0 ? `${formatSeconds(age_s)} ago` : "just now"}`;
}

/** Partitions that share a reason are said together. */
function troublesOf(last) {
  if (last === null) return [];
  const byReason = new Map();
  for (const { partition, reason } of last.stale) {
    byReason.set(reason, [...(byReason.get(reason) ?? []), partition]);
  }
  const stale = [...byReason].map(([reason, partitions]) => `${partitionWords(partitions)}: ${reason}.`);
  const others = last.troubles.filter((trouble) => !/^partition \d+: /.test(trouble));
  return [...stale, ...others.map((trouble) => `${trouble[0].toUpperCase()}${trouble.slice(1)}.`)];
}

/** Partitions 0–3, 7 */
function partitionWords(partitions) {
  const runs = [];
  for (const partition of partitions) {
    if (runs.at(-1)?.at(-1) === partition - 1) runs.at(-1).push(partition);
    else runs.push([partition]);
  }
  const texts = runs.map((run) => (run.length > 1 ? `${run[0]}–${run.at(-1)}` : `${run[0]}`));
  return `${partitions.length > 1 ? "Partitions" : "Partition"} ${texts.join(", ")}`;
}
