// Moments of a chart, in the catalog's time zone. Pure.

const FORMATS = {
  day: { weekday: "short", day: "numeric", month: "short", year: "numeric" },
  hour: {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  },
  minute: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
};
const TICK_DAY = { day: "numeric", month: "short" };
const TICK_TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

const formats = new Map();

/** A pane's moment in words, of seconds since the epoch: `Sun, 22 Nov 2026` of a day, `Sun, 22 Nov, 14:00`. */
export function momentOf(time, step, zone) {
  return format(FORMATS[step] ?? FORMATS.hour, zone).format(time * 1000);
}

/** Texts of an axis: the time of day, with the date below it where it is another than that of the one before. */
export function ticks(splits, step, zone) {
  const [days, times] = [TICK_DAY, TICK_TIME].map((options) =>
    splits.map((at) => format(options, zone).format(at * 1000)),
  );
  if (step === "day") return days;
  return times.map((time, at) => (days[at] === days[at - 1] ? time : `${time}\n${days[at]}`));
}

function format(options, zone) {
  const key = JSON.stringify([options, zone]);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone }));
  return formats.get(key);
}
