// Groups side by side on a wide screen: in columns of about the same height, each in the catalog's order.

import { el } from "./dom.js";

const WIDER = [2400, 3200].map((width) => matchMedia(`(min-width: ${width}px)`)); // each gives a column more

/** Lay out sections, of which `sizeOf` tells how much room they take; again when the screen becomes another. */
export function layOut(place, sections, sizeOf) {
  const arrange = () => {
    const columns = balanced(sections, sizeOf, 1 + WIDER.filter(({ matches }) => matches).length);
    place.replaceChildren(...columns.map((column) => el("div", { class: "column" }, ...column)));
  };
  for (const width of WIDER) width.addEventListener("change", arrange);
  arrange();
}

/** The largest first, each to the shortest column; the column of the first section stands first. */
function balanced(sections, sizeOf, number) {
  const columns = Array.from({ length: number }, () => ({ size: 0, sections: [] }));
  for (const section of [...sections].sort((one, other) => sizeOf(other) - sizeOf(one))) {
    const shortest = columns.reduce((least, column) => (column.size < least.size ? column : least));
    shortest.size += sizeOf(section);
    shortest.sections.push(section);
  }
  const place = (section) => sections.indexOf(section);
  const ordered = columns.map((column) => column.sections.sort((one, other) => place(one) - place(other)));
  return ordered.filter((column) => column.length).sort(([one], [other]) => place(one) - place(other));
}
