// A histogram of ages, from the counts of /api/v1/waiting. Pure.

import { formatSeconds } from "../format.js";

/** `{text, number, share}` of each span of ages; `share` of the fullest, for the height of its bar. */
export function ageRows(ages) {
  const most = Math.max(1, ...ages.map(({ number }) => number));
  return ages.map(({ from_seconds: from, to_seconds: to, number }) => ({
    text: spanText(from, to),
    number,
    share: number / most,
  }));
}

function spanText(from, to) {
  if (to === null || to === undefined) return `${short(from)} +`;
  return from === 0 ? `< ${short(to)}` : `${short(from)} – ${short(to)}`;
}

/** Without a smaller unit that is 0. */
function short(seconds) {
  return formatSeconds(seconds)
    .replace(/ 0 (s|min|h)$/, "")
    .replace(/\.0 s$/, " s");
}
