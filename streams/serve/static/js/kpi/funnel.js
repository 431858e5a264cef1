// The funnel: how many came to each stage, which share went on, and how many were lost on the way.

import { el } from "../dom.js";
import { formatValue } from "../format.js";
import { funnelSteps } from "./funnel_steps.js";
import { inWords, redone, section } from "./parts.js";

export class Funnel {
  constructor() {
    this.steps = el("ol", { class: "steps" });
    this.summary = el("p", { class: "caption" });
    this.node = section("funnel", "The funnel", this.summary, this.steps);
  }

  show({ kpi, readingOf }) {
    const steps = funnelSteps(kpi, readingOf);
    const first = steps[0].count;
    redone(this.summary, [summary(steps)], (text) => text);
    redone(
      this.steps,
      steps.map((step) => ({ ...step, share: share(step.count, first) })),
      stepOf,
    );
  }
}

function stepOf({ name, count, conversion, dropped, share: width }) {
  const bar = el("span", { class: "step-bar" });
  bar.style.inlineSize = `${100 * (width ?? 0)}%`;
  return el(
    "li",
    { class: "step" },
    el("p", { class: "step-between" }, ...between(conversion, dropped)),
    el("p", { class: "step-name", text: inWords(name) }),
    el("p", { class: "step-track", "aria-hidden": "true" }, bar),
    el("p", { class: "step-count", text: formatValue(count, "count") }),
  );
}

/** What happened on the way into a step; of the first nothing. */
function between(conversion, dropped) {
  if (conversion === null) return [dropped === null ? null : "nobody was there to go on"];
  const lost = `${formatValue(dropped, "count")} dropped off (${formatValue(1 - conversion, "ratio")})`;
  return [el("b", { text: formatValue(conversion, "ratio") }), ` went on · ${lost}`];
}

function summary(steps) {
  const [first, last] = [steps[0], steps.at(-1)];
  const whole = share(last.count, first.count);
  if (whole === null) return "Nothing has begun in this window and slice.";
  const counts = `${formatValue(last.count, "count")} of ${formatValue(first.count, "count")}`;
  return `From ${inWords(first.name)} to ${inWords(last.name)}: ${formatValue(whole, "ratio")} (${counts}).`;
}

function share(count, of) {
  return count === null || !of ? null : count / of;
}
