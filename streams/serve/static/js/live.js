// The board's stream of readings. It reconnects by itself, and says how things stand.

import { address } from "./api.js";

const WAITS_MS = [500, 1_000, 2_000, 5_000];
const QUIET_MS = 15_000; // after so long without news it is asked whether somebody is still there
const ANSWER_MS = 5_000;

/**
 * Follow `stream`, until `close()` of what is returned.
 *
 * `on.readings(document)`: all that is asked for, at first and after every reconnection.
 * `on.changes(document)`: what has changed since.
 * `on.state(state)`: `connecting` before the first, `live`, `reconnecting`, or `silent` when nothing comes any more.
 */
export function follow(parameters, on) {
  const follower = new Follower(address("stream", parameters), on);
  follower.open();
  return follower;
}

class Follower {
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.failures = 0;
    this.heard_ms = performance.now();
    this.watch = setInterval(() => this.look(), 1_000);
    this.turn = () => (document.hidden ? this.rest() : this.wake());
    document.addEventListener("visibilitychange", this.turn);
    this.say("connecting");
  }

  /** A browser has six connections to a server: a page that nobody looks at must not keep one. */
  open() {
    this.source?.close();
    if (document.hidden) return;
    this.opened_ms = performance.now();
    this.source = new EventSource(this.url);
    this.source.addEventListener("readings", (event) => this.hear(this.on.readings, event));
    this.source.addEventListener("changes", (event) => this.hear(this.on.changes, event));
    this.source.addEventListener("error", () => this.reopen());
  }

  close() {
    clearInterval(this.watch);
    document.removeEventListener("visibilitychange", this.turn);
    this.rest();
  }

  rest() {
    clearTimeout(this.again);
    this.source?.close();
  }

  wake() {
    this.heard_ms = performance.now();
    this.open();
  }

  hear(tell, event) {
    this.heard_ms = performance.now();
    this.failures = 0;
    this.say("live");
    tell(JSON.parse(event.data));
  }

  /** Not left to the browser, which gives up for good at an answer other than 200. */
  reopen() {
    this.source.close();
    clearTimeout(this.again);
    this.say("reconnecting");
    const wait_ms = WAITS_MS[Math.min(this.failures++, WAITS_MS.length - 1)];
    this.again = setTimeout(() => this.open(), wait_ms);
  }

  /** Nothing may have changed for long, or the connection hangs: a new one tells which, for it begins with all. */
  look() {
    const now_ms = performance.now(), quiet_ms = now_ms - this.heard_ms;
    if (document.hidden || this.state === "reconnecting" || quiet_ms < QUIET_MS) return;
    if (quiet_ms > QUIET_MS + ANSWER_MS) this.say("silent");
    if (now_ms - this.opened_ms > ANSWER_MS) this.open();
  }

  say(state) {
    if (state === this.state) return;
    this.state = state;
    this.on.state(state);
  }
}
