/** Moments of a chart, in the catalog's time zone. Pure. */

const FORMATS = {
  day: { weekday: "short", day: "numeric", month: "short", year: "numeric" },
  hour: { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  minute: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
};
const TICK_DAY = { day: "numeric", month: "short" };
const TICK_TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

const formats = new Map();

/**
 * A pane's moment in words: `Sun, 22 Nov 2026`, `Sun, 22 Nov, 14:00`.
 *
 * @param {number} time seconds since the epoch
 * @param {"minute"|"hour"|"day"} step
 * @param {string} zone IANA name
 */
export function momentOf(time, step, zone) {
  return format(FORMATS[step] ?? FORMATS.hour, zone).format(time * 1000);
}

/** Texts of an axis: the time of day, or the date where the day has changed since the one before. */
export function ticks(splits, step, zone) {
  const day = (time) => format(TICK_DAY, zone).format(time * 1000);
  if (step === "day") return splits.map(day);
  return splits.map((time, at) => (at > 0 && day(time) === day(splits[at - 1]) ? format(TICK_TIME, zone).format(time * 1000) : `${format(TICK_TIME, zone).format(time * 1000)}\n${day(time)}`));
}

function format(options, zone) {
  const key = JSON.stringify([options, zone]);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone }));
  return formats.get(key);
}
