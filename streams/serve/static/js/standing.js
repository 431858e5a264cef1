// What a page does when its stream comes or goes, the same on every page.

import { ApiError, get } from "./api.js";
import { loadCatalog } from "./catalog.js";

export class Standing {
  constructor(catalog, status) {
    this.catalog = catalog;
    this.status = status;
  }

  /** The stream's state has changed. */
  connection(state) {
    if (state === "live" && this.status.state === "reconnecting") this.compare();
    if (state === "reconnecting") this.askWhy();
    this.status.connection(state);
  }

  /** A stream does not tell why it ended; an answer may. */
  async askWhy() {
    const fault = await get("freshness").catch((error) => error);
    if (fault instanceof ApiError && fault.kind === "unauthorised") this.status.fail(fault);
  }

  /** A board that was started anew may have another catalog: then the page begins anew, too. */
  async compare() {
    const found = await loadCatalog().catch(() => null);
    if (found && JSON.stringify(found.document) !== JSON.stringify(this.catalog.document)) location.reload();
  }
}
