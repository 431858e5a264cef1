// Light or dark, as the address or the system says; and the colours of the style sheet for those who draw.

import { current, onChange } from "./address.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

/** Be told when the colours have changed. */
export function onTheme(listener) {
  listeners.add(listener);
}

/** A colour of board.css as it is now: `colour("--good")` is `rgb(24, 112, 58)`. */
export function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function show({ theme }) {
  const root = document.documentElement.dataset;
  if ((root.theme ?? "auto") === theme) return;
  if (theme === "auto") delete root.theme;
  else root.theme = theme;
  tell();
}

function tell() {
  for (const listener of listeners) listener();
}

onChange(show);
dark.addEventListener("change", tell);
show(current());
