// The switches between a KPI's series, and the way back from a member to the whole. Windows and dimensions are
// chosen in the head of the page.

import { el } from "../dom.js";
import { seriesChanges, WHOLE } from "./choice.js";
import { facets } from "./facets.js";
import { inWords, redone, viewLink } from "./parts.js";

export class Switches {
  constructor() {
    this.node = el("div", { class: "switches" });
  }

  show(view) {
    const groups = [...seriesGroups(view), sliceGroup(view)].filter(Boolean);
    this.node.hidden = groups.length === 0;
    redone(
      this.node,
      groups.map((group) => ({ ...group, at: location.search })),
      switchOf,
    );
  }
}

function switchOf({ title, options }) {
  const links = options.map(({ text, current, changes }) =>
    viewLink({ text, "aria-current": current ? "true" : null }, changes),
  );
  return el(
    "nav",
    { class: "switch", "aria-label": title },
    el("span", { class: "switch-title", text: title }),
    el("span", { class: "windows" }, ...links),
  );
}

function seriesGroups({ kpi, series }) {
  return facets(kpi, series).map(({ title, options }) => ({
    title,
    options: options.map((one) => ({
      text: one.text,
      current: one.current,
      changes: seriesChanges(kpi, one.series),
    })),
  }));
}

/** Only where the page is about one member. */
function sliceGroup({ dimension, member }) {
  if (dimension === WHOLE) return null;
  const whole = { text: "the whole", current: false, changes: { member: null } };
  return {
    title: inWords(dimension),
    options: [whole, { text: member, current: true, changes: { dimension, member } }],
  };
}
