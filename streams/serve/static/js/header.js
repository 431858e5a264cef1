// The head of every page: where one is, the switches that make the view, and the status line.

import { current, go, link, onChange } from "./address.js";
import { get } from "./api.js";
import { el, setAttribute } from "./dom.js";
import { windowWords } from "./format.js";
import "./theme.js";

const AGAIN_MS = 2_000;
const THEMES = { auto: "Auto", light: "Light", dark: "Dark" };

/** Fill `<header id="top">`. `windows` and `dimensions` are those that the page can show; none where it slices nothing. */
export function mountHeader({ windows, dimensions = [], status, home = false }) {
  document.getElementById("top").replaceChildren(
    el("div", { class: "top-line" }, brand(home), status.node, themes()),
    el("div", { class: "top-line" }, windowLinks(windows), dimensions.length ? slices(dimensions) : null),
  );
}

function brand(home) {
  const name = el("a", { class: "brand", text: "CRM KPIs" });
  followView(name, () => link("/", {}));
  return home ? el("h1", { class: "brand-line" }, name) : el("p", { class: "brand-line" }, name);
}

/** A link whose address follows the view. */
export function followView(anchor, addressOf) {
  const update = () => setAttribute(anchor, "href", addressOf());
  onChange(update);
  update();
  return anchor;
}

function windowLinks(windows) {
  const anchors = windows.map((window) => {
    const anchor = el("a", { text: window, title: windowWords(window), on: { click: inPlace({ window }) } });
    followView(anchor, () => link(location.pathname, { window }));
    onChange((view) => markCurrent(anchor, view.window === window));
    markCurrent(anchor, current().window === window);
    return anchor;
  });
  requestAnimationFrame(() => document.querySelector(".windows [aria-current]")?.scrollIntoView({ block: "nearest" }));
  return el("nav", { class: "windows", "aria-label": "Window" }, ...anchors);
}

function markCurrent(anchor, chosen) {
  setAttribute(anchor, "aria-current", chosen ? "true" : null);
}

/** A plain click changes the view in place; any other does what the browser does with links. */
function inPlace(changes) {
  return (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(changes);
  };
}

function themes() {
  const choices = Object.entries(THEMES).map(([value, text]) => el("option", { value, text }));
  return choice("Colours", choices, () => current().theme, (theme) => ({ theme: theme === "auto" ? null : theme }));
}

// -- The slice --------------------------------------------------------------------------------------------

function slices(dimensions) {
  const options = dimensions.map((name) => el("option", { value: name, text: name === "all" ? "the whole" : name }));
  const dimension = choice("Slice by", options, () => current().dimension, (name) => ({
    dimension: name === "all" ? null : name,
    member: null,
  }));
  const member = choice("Member", [], () => current().member ?? "", (name) => ({ member: name || null }));
  const update = () => offerMembers(member);
  onChange(update);
  update();
  return el("div", { class: "slices" }, dimension, member);
}

let offered = null;

/** The members of the dimension that is chosen; the one of the address is there in any case. */
async function offerMembers(label) {
  const { dimension, member } = current();
  label.hidden = dimension === "all";
  if (dimension !== offered) await fillMembers(label, dimension, member);
  label.querySelector("select").value = current().member ?? "";
}

async function fillMembers(label, dimension, member) {
  offered = dimension;
  const found = dimension === "all" ? [] : await membersOf(dimension).catch(() => null);
  if (dimension !== offered) return;
  if (found === null) offerAgain(label);
  const names = [...new Set([...(found ?? []), ...(member === null ? [] : [member])])];
  const options = names.map((name) => el("option", { value: name, text: name }));
  label.querySelector("select").replaceChildren(el("option", { value: "", text: "all together" }), ...options);
}

/** They could not be had, but may be soon. */
function offerAgain(label) {
  offered = null;
  setTimeout(() => offerMembers(label), AGAIN_MS);
}

/** Every member that some KPI has, in the order of its name. */
async function membersOf(dimension) {
  const { window } = current();
  const { readings } = await get("readings", { dimension, window, series: "first", nearest: 1 });
  return [...new Set(readings.map((reading) => reading.member))].sort((one, other) => one.localeCompare(other));
}

/** A select with its label, whose value is that of the address. */
function choice(title, options, valueOf, changesOf) {
  const select = el("select", { on: { change: () => go(changesOf(select.value)) } }, ...options);
  const update = () => (select.value = valueOf());
  onChange(update);
  update();
  return el("label", { class: "choice" }, el("span", { text: title }), select);
}
