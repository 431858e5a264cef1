// Elements, built from values. Text from outside enters as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element: attributes (null and false are left out), `text`, `on: {click: f}`, and children. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same of SVG. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** Set an element's text; what is the same already is not touched. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Set an attribute, or with null take it away; what is the same already is not touched. */
export function setAttribute(node, name, value) {
  if (value === null || value === false) return node.removeAttribute(name);
  const text = value === true ? "" : String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

/** Text that only a screen reader says. */
export function spoken(text) {
  return el("span", { class: "spoken", text });
}

function filled(node, { text, on = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value ?? null);
  for (const [name, listener] of Object.entries(on)) node.addEventListener(name, listener);
  if (text !== undefined) node.textContent = text;
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
