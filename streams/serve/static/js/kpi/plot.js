// A large chart over time: one stands on it by pointer or by keys, and what one stands on is said.
//
// The canvas is for eyes. It lies in a slider over the points, by which the arrow keys (Home and End, page up
// and down) go from point to point and a screen reader hears each; pointer and keys show the same.

import uPlot from "../../vendor/uplot/uPlot.esm.js";
import { el, setAttribute } from "../dom.js";
import { onTheme } from "../theme.js";
import { columnsOf, optionsOf } from "./canvas.js";
import { rem } from "./drawing.js";
import { lastPlace } from "./points.js";
import { commonSamples, pointText } from "./saying.js";
import { momentOf } from "./times.js";

const NARROW = 35; // rem, as are the heights
const HEIGHT = { narrow: 13, usual: 18 };
const OF_GROUP = 0.6;
const LEAST_PX = 220;
const MOVES = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
const AWAY = { left: -10, top: -10 };

export class Plot {
  /**
   * `label` says of the slider what it goes through. Charts of one `group` stand below each other: they share
   * their pointer, and their time axes begin at one place.
   */
  constructor(label, group = null) {
    this.group = group;
    this.canvas = el("div", { class: "plot-canvas", "aria-hidden": "true" });
    this.readout = el("p", { class: "readout", "aria-hidden": "true" });
    this.slider = el(
      "div",
      { class: "plot", role: "slider", tabindex: "0", "aria-label": label },
      this.canvas,
    );
    this.node = el("div", { class: "plot-frame" }, this.readout, this.slider);
    this.shown = { times: [], lines: [] };
    this.shape = "";
    this.at = null;
    this.slider.addEventListener("keydown", (event) => this.#key(event));
    this.slider.addEventListener("blur", () => this.#point(null));
    new ResizeObserver(() => this.#resize()).observe(this.slider);
    onTheme(() => this.uplot?.redraw());
  }

  /**
   * Show `{times, lines}` of `aligned` with `unit`, `currency`, `zone`, `step`, `bars`, and the marks `target`
   * and `benchmark`, which may be null.
   */
  show(shown) {
    this.shown = shown;
    const { lines, unit, step, bars, zone } = shown;
    const shape = JSON.stringify([lines.map(({ name, colour }) => [name, colour]), unit, step, bars, zone]);
    if (shape === this.shape) this.uplot.setData(columnsOf(shown));
    else this.#build(shape);
    this.#tell();
  }

  #build(shape) {
    this.shape = shape;
    this.uplot?.destroy();
    const options = { ...this.#size(), ...optionsOf(() => this.shown, this.group) };
    options.hooks.setCursor = [({ cursor }) => this.#tell(cursor.idx ?? null)];
    this.uplot = new uPlot(options, columnsOf(this.shown), this.canvas);
  }

  // -- Going from point to point

  #key(event) {
    const last = this.shown.times.length - 1;
    const from = this.at ?? lastPlace(this.shown);
    const moved = event.key in MOVES ? from + MOVES[event.key] : null;
    const to = { Home: 0, End: last }[event.key] ?? moved;
    if (last < 0 || to === null) return;
    event.preventDefault();
    this.#point(Math.min(last, Math.max(0, to)));
  }

  /** Stand on a point; null for none. */
  #point(at) {
    this.at = at;
    const left = at === null ? null : this.uplot.valToPos(this.shown.times[at], "x");
    this.uplot?.setCursor(left === null ? AWAY : { left, top: 0 });
    this.#tell();
  }

  /** Say the point at `at`, or else the one that the keys have reached, or the last. */
  #tell(at = null) {
    const last = this.shown.times.length - 1;
    const place = Math.min(at ?? this.at ?? lastPlace(this.shown), last);
    const [when, ...texts] = saidOf(this.shown, place);
    const parts = texts.map((text, line) => partOf(this.shown.lines[line], text));
    this.readout.replaceChildren(el("span", { class: "when", text: when }), ...parts);
    setAttribute(this.slider, "aria-valuemin", 0);
    setAttribute(this.slider, "aria-valuemax", Math.max(0, last));
    setAttribute(this.slider, "aria-valuenow", Math.max(0, place));
    setAttribute(this.slider, "aria-valuetext", [when, ...texts].join("; "));
  }

  // -- Its size

  #size() {
    const width = Math.max(LEAST_PX, this.slider.clientWidth);
    const height = rem(width < rem(NARROW) ? HEIGHT.narrow : HEIGHT.usual);
    return { width, height: this.group === null ? height : OF_GROUP * height };
  }

  #resize() {
    const size = this.#size();
    if (this.uplot && size.width !== this.uplot.width) this.uplot.setSize(size);
  }
}

/** The moment of a place, and then what each line has there. */
function saidOf(shown, place) {
  if (place < 0) return ["no points"];
  const { times, lines, step, zone } = shown;
  const moment = [momentOf(times[place], step, zone), commonSamples(shown, place)];
  return [moment.filter(Boolean).join(", "), ...lines.map((line) => pointText(line, place, shown))];
}

/** With a patch in the colour of the line, where there are several. */
function partOf({ colour, name }, text) {
  const patch = el("span", { class: "swatch", "aria-hidden": "true" });
  patch.style.setProperty("--of", `var(${colour})`);
  return el("span", { class: "said" }, name ? patch : null, text);
}
