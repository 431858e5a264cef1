// The steps of a funnel, from the series of a KPI that follow on each other: what one has as its numerator is
// the next one's denominator. Pure.

const RATIO = /^([a-z][a-z0-9_]*) \/ ([a-z][a-z0-9_]*)$/;

/** Whether a KPI's series make a funnel: at least two, each a measure over the one before. */
export function isFunnel(kpi) {
  const ratios = kpi.series.map((series) => RATIO.exec(series.formula));
  const chained = ratios.every((ratio, at) => ratio && (at === 0 || ratio[2] === ratios[at - 1][1]));
  return ratios.length > 1 && chained;
}

/**
 * One step per stage: `{name, count, conversion, dropped}`. `conversion` is that into the step from the one
 * before, and `dropped` of that one did not come to it; null where there is none. `readingOf` gives a series'
 * reading in the chosen window and slice, or undefined.
 */
export function funnelSteps(kpi, readingOf) {
  const readings = kpi.series.map(readingOf);
  const names = [...kpi.series.map(stageName), lastName(kpi.series.at(-1))];
  const first = { name: names[0], count: readings[0]?.denominator ?? null, conversion: null, dropped: null };
  return [first, ...readings.map((reading, at) => step(names[at + 1], reading))];
}

function step(name, reading) {
  const { numerator = null, denominator = null, value = null } = reading ?? {};
  const dropped = numerator === null || denominator === null ? null : denominator - numerator;
  return { name, count: numerator, conversion: value, dropped };
}

function stageName(series) {
  return series.labels.stage ?? inWords(RATIO.exec(series.formula)[2]);
}

function lastName(series) {
  return inWords(RATIO.exec(series.formula)[1]);
}

/** A measure without its subject and its cohort: `deals_won_of_created` is won. */
function inWords(measure) {
  return (
    measure
      .replace(/_of_[a-z]+$/, "")
      .split("_")
      .slice(1)
      .join(" ") || measure
  );
}
