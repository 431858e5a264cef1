// How long ago each source has sent its newest event: one that has fallen silent stands first.

import { get } from "./api.js";
import { el } from "./dom.js";
import { formatSeconds } from "./format.js";

const PAUSE_MS = 15_000;
const SHOWN = 8;

export class Sources {
  constructor() {
    this.list = el("ul", { class: "sources-list" });
    this.node = el("div", { class: "sources", hidden: true }, el("h3", { text: "Newest event by source" }), this.list);
  }

  /** Ask now, and then again and again; nobody asks for what nobody sees. */
  async follow() {
    const found = document.hidden ? null : await get("freshness").catch(() => null);
    if (found !== null) this.show(found);
    setTimeout(() => this.follow(), PAUSE_MS);
  }

  show({ sources }) {
    const oldest = [...sources].sort((one, other) => other.age_seconds - one.age_seconds);
    const rows = oldest.slice(0, SHOWN).map(({ source, age_seconds: age }) => row(source, `${formatSeconds(age)} ago`));
    const others = oldest.length - rows.length;
    if (others > 0) rows.push(el("li", { text: `and ${others} more, newer` }));
    this.node.hidden = rows.length === 0;
    this.list.replaceChildren(...rows);
  }
}

function row(source, age) {
  return el("li", {}, el("b", { text: source }), ` ${age}`);
}
