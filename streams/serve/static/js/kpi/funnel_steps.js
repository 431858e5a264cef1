/**
 * The steps of a funnel, from the series of a KPI that follow on each other: what one has as its numerator is
 * the next one's denominator. Pure.
 */

const RATIO = /^([a-z][a-z0-9_]*) \/ ([a-z][a-z0-9_]*)$/;

/**
 * Whether a KPI's series make a funnel: at least two, each a measure over the one before.
 *
 * @param {object} kpi of the catalog
 */
export function isFunnel(kpi) {
  const ratios = kpi.series.map((series) => RATIO.exec(series.formula));
  const chained = ratios.every((ratio, at) => ratio && (at === 0 || ratio[2] === ratios[at - 1][1]));
  return ratios.length > 1 && chained;
}

/**
 * @param {object} kpi of which `isFunnel` holds
 * @param {(series: object) => object|undefined} readingOf the reading of a series in the chosen window and slice
 * @returns {{name: string, count: number|null, conversion: number|null, dropped: number|null}[]} one step per
 *   stage; `conversion` into the step from the one before, `dropped` so many did not come to it
 */
export function funnelSteps(kpi, readingOf) {
  const found = kpi.series.map((series) => ({ series, reading: readingOf(series) }));
  const first = { name: stageName(found[0].series), count: found[0].reading?.denominator ?? null, conversion: null, dropped: null };
  return [first, ...found.map(({ series, reading }, at) => step(nameAfter(found, at, series), reading))];
}

function step(name, reading) {
  const { numerator = null, denominator = null, value = null } = reading ?? {};
  const dropped = numerator === null || denominator === null ? null : denominator - numerator;
  return { name, count: numerator, conversion: value, dropped };
}

function nameAfter(found, at, series) {
  return at + 1 < found.length ? stageName(found[at + 1].series) : measureName(series);
}

function stageName(series) {
  return series.labels.stage ?? measureName({ formula: RATIO.exec(series.formula)[2] + " / x" });
}

/** What a formula's numerator is called, in words: `deals_won_of_created` is won of created. */
function measureName(series) {
  const [, numerator] = /^([a-z0-9_]+)/.exec(series.formula);
  return numerator.split("_").slice(1).join(" ") || numerator;
}
