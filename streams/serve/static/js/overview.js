// The overview: a tile per KPI, in groups, kept up to date by the board's stream.
//
// 1. The catalog says which tiles there are.
// 2. The stream brings their readings, and once a second at most what has changed.
// 3. The series bring the sparklines, now and then.

import { correct, current, link, onChange } from "./address.js";
import { ApiError, get } from "./api.js";
import { loadCatalog } from "./catalog.js";
import { layOut } from "./columns.js";
import { el, setAttribute, setText } from "./dom.js";
import { followView, mountHeader } from "./header.js";
import { follow } from "./live.js";
import { Sources } from "./sources.js";
import { Standing } from "./standing.js";
import { Status } from "./status.js";
import { Summary } from "./summary.js";
import { Tile } from "./tile.js";
import { Told } from "./told.js";

const REDRAW_MS = { minute: 15_000, hour: 60_000, day: 300_000 }; // by the width of a pane
const AGAIN_MS = 2_000;
const PIPELINE = "pipeline"; // the group of what is told of events on their way

const main = document.getElementById("main");

class Overview {
  constructor(catalog) {
    this.catalog = catalog;
    this.status = new Status(catalog.timeZone);
    this.standing = new Standing(catalog, this.status);
    this.summary = new Summary();
    this.sources = new Sources();
    this.told = new Told(catalog);
    this.tiles = new Map(catalog.kpis.map((kpi) => [kpi.kpi, new Tile(catalog, kpi)]));
    this.empty = el("p", { class: "notice", hidden: true });
  }

  mount() {
    const { windows, dimensions } = this.catalog;
    correct({ windows, dimensions });
    mountHeader({ windows, dimensions: ["all", ...dimensions], status: this.status, home: true });
    const place = el("div", { class: "groups" });
    main.replaceChildren(this.summary.node, this.empty, place);
    const groups = this.catalog.groups.map((group) => this.group(group)).filter((node) => node !== null);
    layOut(place, groups, (node) => node.querySelectorAll(".tile").length);
    onChange(() => this.look());
    this.look();
    this.sources.follow();
  }

  group({ id, title }) {
    const tiles = this.catalog.kpis.filter((kpi) => kpi.group === id).map((kpi) => this.tiles.get(kpi.kpi).node);
    if (!tiles.length) return null;
    const heading = el("h2", { id: `group-${id}`, text: title });
    const beside = id === PIPELINE ? [this.sources.node, refused()] : [];
    return el("section", { class: "group", "aria-labelledby": heading.id }, heading, el("ul", { class: "tiles" }, ...tiles), ...beside);
  }

  // -- Readings

  /** Look at what the address asks for now. */
  look() {
    const view = current();
    const key = JSON.stringify([view.window, view.dimension, view.member]);
    if (key === this.looked) return;
    this.looked = key;
    this.view = view;
    this.follower?.close();
    setAttribute(main, "aria-busy", "true");
    this.follower = follow({ ...this.asked(), window: view.window, nearest: 1, judged: 1 }, {
      readings: (document) => this.all(document),
      changes: (document) => this.some(document),
      state: (state) => this.standing.connection(state),
    });
    clearTimeout(this.timer);
    this.asking?.abort();
    this.asking = null;
  }

  /** The slice; a dimension of which no member is chosen is not one yet. */
  asked() {
    const { dimension, member } = this.view;
    const slice = dimension === "all" || member === null ? { dimension: "all", member: "all" } : { dimension, member };
    return { series: "first", ...slice };
  }

  all(document) {
    this.told.replace(document);
    for (const tile of this.tiles.values()) this.tell(tile);
    setAttribute(main, "aria-busy", null);
    this.hear(document);
    performance.mark("filled"); // for those who measure
    if (this.asking === null) this.begin();
  }

  /** Numbers first: the sparklines of a view are asked for when its readings are there. */
  begin() {
    for (const tile of this.tiles.values()) tile.draw(null);
    this.courses();
  }

  some(document) {
    this.told.apply(document);
    const { readings, gone } = document;
    const changed = new Set([...readings, ...gone].map((one) => this.catalog.of(one).kpi.kpi));
    for (const name of changed) this.tell(this.tiles.get(name));
    this.hear(document);
  }

  tell(tile) {
    const { kpi, first } = tile, chosen = this.view.window, { dimension, member } = this.asked();
    const standing = this.told.of(first, this.catalog.windowOf(first, chosen), dimension, member) ?? null;
    tile.show(standing, this.told.worst(kpi), { chosen, reason: this.reason(kpi) });
  }

  /** Why a KPI has no reading here. */
  reason(kpi) {
    if (!this.told.known) return "not told yet";
    const { dimension } = this.asked();
    const sliced = dimension === "all" || kpi.dimensions.includes(dimension);
    return sliced ? "nothing to show in this slice" : `not sliced by ${dimension}`;
  }

  hear(document) {
    this.status.hear(document);
    this.summary.show([...this.tiles.values()]);
    setText(this.empty, `No readings yet. ${whyEmpty(document)}`);
    this.empty.hidden = this.told.known;
  }

  // -- Sparklines

  async courses() {
    this.asking = new AbortController();
    const { signal } = this.asking;
    const found = await get("series", this.askedOfSeries(), { signal }).catch(noDocument);
    if (signal.aborted) return;
    if (found) this.draw(found);
    this.timer = setTimeout(() => this.courses(), found ? REDRAW_MS[found.step] : AGAIN_MS);
  }

  /** A slice is asked of those KPIs that have it. */
  askedOfSeries() {
    const { series, dimension, member } = this.asked();
    const question = { series, span: this.view.window, nearest: 1 };
    if (dimension === "all") return question;
    const sliced = this.catalog.kpis.filter((kpi) => kpi.dimensions.includes(dimension));
    return { ...question, dimension, member, kpi: sliced.map((kpi) => kpi.kpi) };
  }

  draw({ series }) {
    const byKpi = new Map(series.map((one) => [one.kpi, one]));
    for (const [name, tile] of this.tiles) tile.draw(byKpi.get(name) ?? null);
    performance.mark("drawn");
  }
}

/** The way to what could not be counted. */
function refused() {
  const anchor = followView(el("a", { text: "Dead letters: what was refused, and why" }), () => link("/dead-letters"));
  return el("p", { class: "refused" }, anchor);
}

/** A board that has read everything waits for events. */
function whyEmpty({ stale, troubles }) {
  const isWaiting = stale.length === 0 && troubles.length === 0;
  return isWaiting
    ? "They come with the first event that a worker has counted."
    : "They come when the board has read what the workers have counted.";
}

/** Sparklines that cannot be had come later; that the board does not answer is said by the stream. */
function noDocument(error) {
  if (error instanceof ApiError || error.name === "AbortError") return null;
  throw error;
}

async function start() {
  try {
    new Overview(await loadCatalog()).mount();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    main.replaceChildren(el("p", { class: "notice", role: "alert", text: `Nothing to show: ${error.message}. Trying again.` }));
    setTimeout(start, AGAIN_MS);
  }
}

start();
