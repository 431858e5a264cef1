// The board's stream of readings. It reconnects by itself, and says how things stand.

import { address } from "./api.js";

const WAITS_MS = [500, 1_000, 2_000, 5_000];
const SILENT_MS = 15_000;

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
    this.state = null;
    this.failures = 0;
    this.watch = setInterval(() => this.look(), 1_000);
  }

  open() {
    this.say(this.state === null ? "connecting" : "reconnecting");
    this.heard_ms = performance.now();
    this.source = new EventSource(this.url);
    this.source.addEventListener("readings", (event) => this.hear(this.on.readings, event));
    this.source.addEventListener("changes", (event) => this.hear(this.on.changes, event));
    this.source.addEventListener("error", () => this.reopen());
  }

  close() {
    clearInterval(this.watch);
    clearTimeout(this.again);
    this.source.close();
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

  /** A connection may hang without an error. */
  look() {
    const quiet_ms = performance.now() - this.heard_ms;
    if (this.state === "live" && quiet_ms > SILENT_MS) this.say("silent");
    if (this.state === "silent" && quiet_ms > 2 * SILENT_MS) this.reopen();
  }

  say(state) {
    if (state === this.state) return;
    this.state = state;
    this.on.state(state);
  }
}
