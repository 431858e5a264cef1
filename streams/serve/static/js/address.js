// What is looked at is kept in the page's address, so that a view can be shared: window, slice, theme.

export const DEFAULT_WINDOW = "24h";

const THEMES = ["auto", "light", "dark"];
const SHARED = ["window", "dimension", "member", "theme"];
const listeners = new Set();

/** What the address asks for; every parameter of it is in `all`. */
export function current() {
  const all = Object.fromEntries(new URLSearchParams(location.search));
  return {
    window: all.window || DEFAULT_WINDOW,
    dimension: all.dimension || "all",
    member: all.member ?? null,
    theme: THEMES.includes(all.theme) ? all.theme : "auto",
    all,
  };
}

/**
 * The address of a page with the same view, but for these changes; null takes a parameter away. What only this
 * page knows (a label of its KPI) is not taken along to another.
 */
export function link(path, changes = {}) {
  const query = new URLSearchParams(location.search);
  for (const name of [...query.keys()]) if (path !== location.pathname && !SHARED.includes(name)) query.delete(name);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  return `${path}${text && "?"}${text}`;
}

/** Change the view in place; whoever listens is told. */
export function go(changes) {
  history.pushState(null, "", link(location.pathname, changes));
  tell();
}

/** Take out of the address what asks for a window or a dimension that there is not. */
export function correct({ windows, dimensions }) {
  const { window, dimension } = current(), changes = {};
  if (!windows.includes(window)) changes.window = windows.includes(DEFAULT_WINDOW) ? null : (windows[0] ?? "now");
  if (!["all", ...dimensions].includes(dimension)) Object.assign(changes, { dimension: null, member: null });
  if (Object.keys(changes).length) history.replaceState(null, "", link(location.pathname, changes));
}

/** Be told whenever the view has changed, by `go` or by the browser's buttons. */
export function onChange(listener) {
  listeners.add(listener);
}

function tell() {
  for (const listener of listeners) listener(current());
}

globalThis.addEventListener("popstate", tell);
