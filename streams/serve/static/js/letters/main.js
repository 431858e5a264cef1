// The page of dead letters: what was refused, by reason and hour, with the newest of each, personal data masked.

import { correct, current, onChange } from "../address.js";
import { get } from "../api.js";
import { setAttribute } from "../dom.js";
import { mountHeader } from "../header.js";
import { Head } from "./head.js";
import { Reasons } from "./reasons.js";
import { Samples } from "./samples.js";
import { Standing } from "./standing.js";

const HOURS = { "24h": 24, "7d": 168 };
const PAUSE_MS = 10_000;

const main = document.getElementById("main");

class LettersPage {
  constructor() {
    this.standing = new Standing();
    this.sections = [new Head(), new Reasons(), new Samples()];
  }

  mount() {
    const windows = Object.keys(HOURS);
    correct({ windows, dimensions: [] });
    mountHeader({ windows, status: this.standing });
    main.replaceChildren(...this.sections.map((section) => section.node));
    setAttribute(main, "aria-busy", "true");
    onChange(() => this.ask());
    document.addEventListener("visibilitychange", () => this.ask());
    this.ask();
  }

  /** Ask now, and then again and again; nobody asks for what nobody sees. */
  async ask() {
    clearTimeout(this.timer);
    if (document.hidden) return;
    this.asking?.abort();
    const { signal } = (this.asking = new AbortController());
    try {
      this.show(await get("dead-letters", { hours: HOURS[current().window] ?? null }, { signal }));
    } catch (error) {
      if (error.name === "AbortError") return;
      this.standing.fail(error);
    }
    this.timer = setTimeout(() => this.ask(), PAUSE_MS);
  }

  show(found) {
    setAttribute(main, "aria-busy", null);
    this.standing.hear(found);
    for (const section of this.sections) section.show(found);
  }
}

new LettersPage().mount();
