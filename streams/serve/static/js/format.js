// Numbers as people read them, by the very rules of streams/human.py: a test compares both.

export const NONE = "–";

const MINUTE = 60, HOUR = 3_600, DAY = 86_400;
const LARGE = [[1e12, "tn"], [1e9, "bn"], [1e6, "M"]];

const WINDOWS = {
  now: "now",
  "5m": "5 minutes",
  "15m": "15 minutes",
  "1h": "hour",
  "24h": "24 hours",
  "7d": "7 days",
  "28d": "28 days",
  "30d": "30 days",
  "90d": "90 days",
  "365d": "365 days",
  today: "today",
  wtd: "week to date",
  mtd: "month to date",
  qtd: "quarter to date",
  ytd: "year to date",
};

/** A reading's value: 12.3 %, 2 h 14 min, USD 1,234.50. A dash where there is none. */
export function formatValue(value, unit, currency = null) {
  if (value === null || value === undefined) return NONE;
  if (unit === "ratio") return `${grouped(100 * value, 1)} %`;
  if (unit === "seconds") return formatSeconds(value);
  if (unit === "money") return `${currency ?? ""} ${large(value, 2)}`.trim();
  if (unit === "points") return signed(value);
  if (unit === "years" || unit === "months") return `${grouped(value, 1)} ${unit}`;
  return large(value, Number.isInteger(value) ? 0 : 2);
}

/** As within a sentence, without decimals that are 0: 40 %, +30 points, USD 1,200. */
export function inWords(value, unit, currency = null) {
  const text = formatValue(value, unit, currency).replace(/\.0+(?= |$)/g, "");
  return unit === "points" ? `${text} points` : text;
}

/** A sentence whose lines do not break between a number and its unit. */
export function unbroken(text) {
  return text.replace(/(\d) (?=(?:%|ms|s|min|h|d|M|bn|tn|points|years|months)(?!\w))/g, "$1\u00a0");
}

/** The two largest units that count: 3 d 4 h, 2 h 14 min, 4 min 12 s, 9.5 s, 350 ms. */
export function formatSeconds(seconds) {
  const sign = seconds < 0 ? "-" : "", size = Math.abs(seconds);
  if (size < 1) return seconds ? `${sign}${fixed(size * 1000, 0)} ms` : "0 s";
  if (size < 10) return `${sign}${fixed(size, 1)} s`;
  return sign + twoUnits(Number(fixed(size, 0)));
}

/** `the last 24 hours`, `the month to date`: a window within a sentence. */
export function windowWords(window) {
  const words = WINDOWS[window] ?? window;
  if (window === "now" || window === "today") return words;
  return window.endsWith("td") ? `the ${words}` : `the last ${words}`;
}

/** A moment's time of day in a time zone; with the day when that is not the one of `now_ms`. */
export function formatTime(time, timeZone, now_ms = Date.now()) {
  const day = (moment) => new Intl.DateTimeFormat("en-CA", { timeZone }).format(moment);
  const moment = new Date(time);
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone, timeStyle: "medium" }).format(moment);
  return day(moment) === day(now_ms) ? clock : `${day(moment)} ${clock}`;
}

function twoUnits(seconds) {
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ${seconds % MINUTE} s`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ${Math.floor((seconds % HOUR) / MINUTE)} min`;
  return `${grouped(Math.floor(seconds / DAY), 0)} d ${Math.floor((seconds % DAY) / HOUR)} h`;
}

/** 1,234; from a million on with three or more digits that count: 1.23 M. */
function large(value, decimals) {
  for (const [size, name] of LARGE) {
    if (Math.abs(value) >= size) return `${grouped(value / size, 2)} ${name}`;
  }
  return grouped(value, decimals);
}

function signed(value) {
  const text = fixed(value, 1);
  return text.startsWith("-") ? text : `+${text}`;
}

function grouped(value, decimals) {
  const [whole, fraction] = fixed(value, decimals).split(".");
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? text : `${text}.${fraction}`;
}

/** As toFixed, but halves go to the even neighbour, and 0 keeps its sign. */
function fixed(value, decimals) {
  const sign = value < 0 || Object.is(value, -0) ? "-" : "", size = Math.abs(value);
  return sign + (isHalfway(size, decimals) ? halfToEven(size, decimals) : size.toFixed(decimals));
}

/** Whether it lies exactly between two numbers of so many decimals: then it is an odd multiple of 2^-(decimals + 1). */
function isHalfway(size, decimals) {
  return (size * 2 ** (decimals + 1)) % 2 === 1;
}

function halfToEven(size, decimals) {
  const below = size.toFixed(decimals + 1).slice(0, decimals ? -1 : -2); // exact, but for the 5 at its end
  return Number(below.at(-1)) % 2 ? size.toFixed(decimals) : below;
}
