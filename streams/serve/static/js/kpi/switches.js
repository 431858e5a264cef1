// The switches of a KPI's page: series, window, slice. Each choice is a link, so that it can be opened beside.

import { go, link } from "../address.js";
import { el } from "../dom.js";
import { isLevel, levelSpans, seriesParameters, WHOLE } from "./choice.js";
import { facets } from "./facets.js";

export class Switches {
  constructor() {
    this.element = el("div", { class: "switches" });
    this.told = "";
  }

  show(view) {
    const groups = [...seriesGroups(view), windowGroup(view), sliceGroup(view)].filter(Boolean);
    const told = JSON.stringify([location.search, groups]);
    if (told === this.told) return;
    const focused = this.element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    this.told = told;
    this.element.replaceChildren(...groups.map(group));
    this.element.querySelector(`[data-key="${CSS.escape(focused ?? "")}"]`)?.focus();
  }
}

/** A link that changes the view in place; with a modifier key it opens as any link. */
export function switchLink(attributes, changes) {
  const { pathname } = location;
  const follow = (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(changes);
  };
  return el("a", { ...attributes, href: link(pathname, changes), on: { click: follow } });
}

function group({ title, options }) {
  const links = options.map(({ text, current, changes }) =>
    switchLink({ text, "aria-current": current ? "true" : null, "data-key": `${title} ${text}` }, changes));
  return el("nav", { class: "switch", "aria-label": title }, el("span", { text: title }), ...links);
}

function seriesGroups({ kpi, series }) {
  return facets(kpi, series).map(({ title, options }) => ({
    title,
    options: options.map((one) => ({ text: one.text, current: one.current, changes: seriesParameters(kpi, one.series) })),
  }));
}

function windowGroup({ catalog, series, window, span }) {
  const level = isLevel(series);
  const windows = level ? levelSpans(catalog) : series.windows;
  const options = windows.map((name) => ({ text: name, current: name === (level ? span : window), changes: { window: name } }));
  return { title: level ? "Chart over" : "Window", options };
}

/** Only where the page is about one member: the way back to the whole. */
function sliceGroup({ dimension, member, kpi }) {
  if (dimension === WHOLE) return null;
  const here = { text: `${dimension.replaceAll("_", " ")}: ${member}`, current: true, changes: { dimension, member } };
  return { title: "Slice", options: [{ text: "the whole", current: false, changes: { dimension, member: null } }, here] };
}
