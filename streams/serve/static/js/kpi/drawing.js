// Drawing on the canvas of a chart, in the colours of the theme.

import { colour, onTheme } from "../theme.js";

const known = new Map();
onTheme(() => known.clear());

/** A colour of the theme: to find one out costs a layout, so it is kept until the theme changes. */
export function ink(name) {
  if (!known.has(name)) known.set(name, colour(name));
  return known.get(name);
}

/** A colour of the theme, let through in part. */
export function faint(name, share) {
  const [red, green, blue] = ink(name).match(/[\d.]+/g);
  return `rgba(${red}, ${green}, ${blue}, ${share})`;
}

/** A length of the page's style, in pixels: on a wall everything is larger. */
export function rem(length) {
  return length * parseFloat(getComputedStyle(document.documentElement).fontSize);
}

/** A round point; lengths are in canvas pixels. */
export function dot(context, { x, y, radius, edge, fill }) {
  context.save();
  context.setLineDash([]); // what was drawn last may have been dashed
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = edge;
  context.lineWidth = radius / 2;
  context.stroke();
  context.restore();
}

/** A dashed level line from `left` to `right`. */
export function levelLine(context, { y, left, right, stroke, width }) {
  context.save();
  context.strokeStyle = stroke;
  context.lineWidth = width;
  context.setLineDash([5 * width, 3 * width]);
  context.beginPath();
  context.moveTo(left, y);
  context.lineTo(right, y);
  context.stroke();
  context.restore();
}
