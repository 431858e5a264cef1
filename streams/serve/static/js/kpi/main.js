// The page of one KPI: chosen by its address, kept up to date by the board's stream.
//
// 1. The catalog says what the KPI is, and which series, windows and dimensions it has.
// 2. The address chooses among them; what it asks for in vain is said.
// 3. The stream brings the readings; every section shows what of them it is about, and asks for the rest itself.

import { current, onChange } from "../address.js";
import { ApiError } from "../api.js";
import { loadCatalog } from "../catalog.js";
import { el, setAttribute } from "../dom.js";
import { mountHeader } from "../header.js";
import { follow } from "../live.js";
import { Standing } from "../standing.js";
import { Status } from "../status.js";
import { Told } from "../told.js";
import { choose, isLevel, levelSpans, NOW, WHOLE } from "./choice.js";
import { sectionsOf } from "./sections.js";
import { unknownKpi } from "./unknown.js";
import { viewOf } from "./view.js";

const AGAIN_MS = 2_000;
const main = document.getElementById("main");

class KpiPage {
  constructor(catalog, kpi) {
    this.catalog = catalog;
    this.kpi = kpi;
    this.status = new Status(catalog.timeZone);
    this.standing = new Standing(catalog, this.status);
    this.readings = new Told(catalog);
    this.sections = sectionsOf(catalog, kpi);
  }

  layOut() {
    const { head, course, detail } = this.sections;
    const nodes = (sections) => sections.map((section) => section.node);
    const columns = [course, detail].map((sections) => el("div", { class: "column" }, ...nodes(sections)));
    return [...nodes(head), el("div", { class: "columns" }, ...columns)];
  }

  mount() {
    const { catalog, kpi } = this;
    document.title = `${kpi.title} – CRM KPIs`;
    const own = [...new Set(kpi.series.flatMap((series) => series.windows))].filter(
      (window) => window !== NOW,
    );
    const windows = kpi.series.every(isLevel)
      ? levelSpans(catalog)
      : catalog.windows.filter((one) => own.includes(one));
    mountHeader({ windows, dimensions: [WHOLE, ...kpi.dimensions], status: this.status });
    main.replaceChildren(...this.layOut());
    onChange(() => this.look());
    document.addEventListener("visibilitychange", () => this.show());
    this.look();
  }

  /** Look at what the address asks for now. */
  look() {
    this.choice = choose(this.catalog, this.kpi, current());
    const { window, sliceBy } = this.choice;
    const judged = this.kpi.alerts.flatMap((alert) => alert.windows);
    this.listen({
      kpi: this.kpi.kpi,
      window: [...new Set([window, ...judged])],
      dimension: [WHOLE, ...(sliceBy === null ? [] : [sliceBy])],
    });
    this.show();
  }

  /** Of all series: those that are judged, in their windows, stand beside the one that is chosen. */
  listen(parameters) {
    const asked = JSON.stringify(parameters);
    if (asked === this.asked) return;
    this.asked = asked;
    this.follower?.close();
    setAttribute(main, "aria-busy", "true");
    this.follower = follow(parameters, {
      readings: (document) => this.hear(document, () => this.readings.replace(document)),
      changes: (document) => this.hear(document, () => this.readings.apply(document)),
      state: (state) => this.standing.connection(state),
    });
  }

  hear(document, take) {
    take();
    setAttribute(main, "aria-busy", null);
    this.status.hear(document);
    this.show();
  }

  /** Nobody asks for what nobody sees. */
  show() {
    if (document.hidden) return;
    const view = viewOf(this.catalog, this.kpi, this.choice, this.readings);
    for (const section of Object.values(this.sections).flat()) section.show(view);
  }
}

/** The KPI that the address names; what cannot be decoded is nobody's name, and stands as it is. */
function asked() {
  const name = location.pathname.split("/").at(-1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

async function start() {
  const name = asked();
  try {
    const catalog = await loadCatalog();
    const kpi = catalog.kpi(name);
    if (kpi) new KpiPage(catalog, kpi).mount();
    else main.replaceChildren(unknownKpi(catalog, name));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const text = `Nothing to show: ${error.message}. Trying again.`;
    main.replaceChildren(el("p", { class: "notice", role: "alert", text }));
    setTimeout(start, AGAIN_MS);
  }
}

start();
