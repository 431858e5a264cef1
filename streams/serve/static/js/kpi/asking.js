// Asking the board again and again, but neither in vain nor too often.

import { get } from "../api.js";

/** So long is between two questions of a section, at least, if both are the same. */
const PAUSE_MS = 5_000;
/** What is being asked, until everything that was asked at first has come. */
const open = new Set();

/**
 * Asks an endpoint: at once when it is asked something else, and not too often when only the numbers may have
 * changed. An answer that comes too late for the question is dropped.
 */
export class Asking {
  /**
   * `told(document, parameters)` with an answer; `failed(error)` with an ApiError.
   */
  constructor(endpoint, told, failed, { pause_ms = PAUSE_MS } = {}) {
    Object.assign(this, {
      endpoint,
      told,
      failed,
      pause_ms,
      asked: "",
      version: -1,
      timer: null,
      at_ms: -Infinity,
    });
    this.asking = new AbortController();
  }

  /** Have the answer to these parameters, not older than this version of the readings. */
  want(parameters, version) {
    const asked = JSON.stringify(parameters);
    if (asked === this.asked && version === this.version) return;
    const again = asked === this.asked;
    Object.assign(this, { asked, version, parameters });
    if (!again) this.stop();
    const rest_ms = this.at_ms + this.pause_ms - performance.now();
    if (this.timer === null) this.timer = setTimeout(() => this.ask(), again ? Math.max(0, rest_ms) : 0);
  }

  stop() {
    this.asking.abort();
    clearTimeout(this.timer);
    this.timer = null;
  }

  async ask() {
    const { asked, parameters } = this;
    const { signal } = (this.asking = new AbortController());
    this.timer = null;
    this.at_ms = performance.now();
    open.add(this);
    try {
      const document = await get(this.endpoint, parameters, { signal });
      if (asked === this.asked) this.told(document, parameters);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.failed(error);
      this.version = -1; // the next change asks again
    } finally {
      open.delete(this);
      if (open.size === 0) drawn();
    }
  }
}

/** Say, once, that everything is there. */
function drawn() {
  if (performance.getEntriesByName("drawn").length === 0) performance.mark("drawn");
}
