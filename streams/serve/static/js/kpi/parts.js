// Parts that several sections of a KPI's page are made of.

import { go, link } from "../address.js";
import { el } from "../dom.js";
import { kept } from "./kept.js";

/** A section with a heading; `id` is its place in the address of the page. */
export function section(id, title, ...children) {
  const heading = el("h2", { id: `${id}-title`, text: title });
  return el("section", { id, class: `card of-${id}`, "aria-labelledby": heading.id }, heading, ...children);
}

/** Make a node's children anew, only when what they are made from has changed; focus and what is open stay. */
export function redone(node, values, made) {
  const told = JSON.stringify(values);
  if (node.told === told) return;
  const restore = kept(node);
  node.told = told;
  node.replaceChildren(...values.map(made));
  restore();
}

/** A link that changes the view in place; any other than a plain click does what the browser does with links. */
export function viewLink(attributes, changes, ...children) {
  const follow = (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(changes);
  };
  return el(
    "a",
    { ...attributes, href: link(location.pathname, changes), on: { click: follow } },
    ...children,
  );
}

/** A table in a frame that scrolls by itself where the page is too narrow, by keyboard too. */
export function tableFrame(label, head, body) {
  const table = el("table", {}, el("caption", { class: "spoken", text: label }), el("thead", {}, head), body);
  return el("div", { class: "table-frame", role: "group", tabindex: "0", "aria-label": label }, table);
}

/** A row of header cells: `[text, style]`. */
export function headRow(cells) {
  return el(
    "tr",
    {},
    ...cells.map(([text, style]) => el("th", { scope: "col", class: style || null, text })),
  );
}

/** A name of the catalog in words: `product_id` is product id. */
export function inWords(name) {
  return name.replaceAll("_", " ");
}
