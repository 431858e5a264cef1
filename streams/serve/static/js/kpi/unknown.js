// What is shown of a KPI that there is not: those that there are.

import { link } from "../address.js";
import { el } from "../dom.js";

export function unknownKpi(catalog, name) {
  document.title = "No such KPI – CRM KPIs";
  return el(
    "section",
    { class: "unknown" },
    el("h1", { text: "There is no such KPI" }),
    el("p", { text: `The catalog has none that is called ${name}. These are known:` }),
    ...catalog.groups.map((group) => ofGroup(catalog, group)),
  );
}

function ofGroup(catalog, { id, title }) {
  const links = catalog.kpis
    .filter((kpi) => kpi.group === id)
    .map((kpi) => el("li", {}, el("a", { href: link(`/kpi/${kpi.kpi}`), text: kpi.title })));
  return links.length === 0 ? null : el("section", {}, el("h2", { text: title }), el("ul", {}, ...links));
}
