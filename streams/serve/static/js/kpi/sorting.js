// The order of the table of slices, as the address says it: `?sort=-value` is by value, the greatest first. Pure.

const NUMBER = "number";

/** The table's columns; those with a `key` can be sorted by. */
export const COLUMNS = [
  { key: "member", title: "Member" },
  { key: "value", title: "Value", style: NUMBER },
  { key: "change", title: "Change", style: NUMBER },
  { key: null, title: "Course" },
  { key: "samples", title: "Samples", style: NUMBER },
  { key: "lower", title: "Bounds at 95 %", style: NUMBER },
  { key: "verdict", title: "Verdict" },
];
const BADNESS = { critical: 3, warn: 2, few_samples: 1, ok: 0, none: -1 };

/** What the query of an address sorts by; by the `usual` column, the most first, where it does not say. */
export function sortOf(query, usual) {
  const asked = new URLSearchParams(query).get("sort") ?? "";
  const key = asked.replace(/^-/, "");
  return COLUMNS.some((column) => column.key === key)
    ? { key, descending: asked.startsWith("-") }
    : { key: usual, descending: true };
}

/** Readings in this order; what has no value comes last either way, and what is alike is in order of its name. */
export function sorted(readings, { key, descending }) {
  const sign = descending ? -1 : 1;
  return [...readings].sort((one, other) => {
    const [a, b] = [rankOf(one, key), rankOf(other, key)];
    if (a === null || b === null) return (a === null) - (b === null) || byName(one, other);
    const order = typeof a === "string" ? a.localeCompare(b) : a - b;
    return sign * order || byName(one, other);
  });
}

function rankOf(reading, key) {
  return key === "verdict" ? BADNESS[reading.verdict] : reading[key];
}

function byName(one, other) {
  return one.member.localeCompare(other.member);
}
