// The sparklines of the members that a table of slices shows.

import { Spark } from "../spark.js";
import { Asking } from "./asking.js";

/** Members whose courses are asked for together: many at once may be more than the board draws. */
const TOGETHER = 20;
const PAUSE_MS = 20_000;

export class Courses {
  constructor() {
    this.sparks = new Map();
    this.askings = [];
    this.asked = "";
  }

  /** Have the courses of these members by name, of what `question` asks /api/v1/series. */
  want(question, members, version) {
    this.#begin(JSON.stringify(question));
    const parts = together([...members].sort());
    for (const asking of this.askings.splice(parts.length)) asking.stop();
    parts.forEach((member, at) => {
      this.askings[at] ??= new Asking(
        "series",
        (found, asked) => this.#draw(found, asked),
        () => {},
        { pause_ms: PAUSE_MS },
      );
      this.askings[at].want({ ...question, member }, version);
    });
  }

  of(member) {
    const spark = this.sparks.get(member) ?? new Spark();
    this.sparks.set(member, spark);
    return spark;
  }

  /** The same name in another dimension is another member. */
  #begin(asked) {
    if (asked !== this.asked) this.sparks.clear();
    this.asked = asked;
  }

  #draw({ series }, { member: members }) {
    for (const member of members) this.of(member).clear();
    for (const points of series) this.of(points.member).draw(points, null, null);
  }
}

function together(members) {
  const parts = Math.ceil(members.length / TOGETHER);
  return Array.from({ length: parts }, (_, at) => members.slice(at * TOGETHER, (at + 1) * TOGETHER));
}
