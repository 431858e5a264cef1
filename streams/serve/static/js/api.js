// Asking the board, with failures that can be said in a sentence.

/** What went wrong: `kind` is unreachable, unauthorised, unavailable (not yet) or refused (never so). */
export class ApiError extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

const KINDS = { 401: "unauthorised", 403: "unauthorised", 503: "unavailable" };

/** The address of an endpoint; parameters that are null or empty are left out, a list is repeated. */
export function address(endpoint, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) if (one !== null && one !== undefined && one !== "") query.append(name, one);
  }
  const text = query.toString();
  return `/api/v1/${endpoint}${text && "?"}${text}`;
}

/** The JSON of an endpoint; ApiError when there is none. */
export async function get(endpoint, parameters = {}, { signal = null } = {}) {
  const response = await reach(address(endpoint, parameters), signal);
  if (response.ok) return response.json();
  throw new ApiError(KINDS[response.status] ?? "refused", await said(response));
}

async function reach(url, signal) {
  try {
    return await fetch(url, { signal, headers: { Accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("unreachable", "the board does not answer");
  }
}

async function said(response) {
  if (response.status === 401) return "the board wants a token: load the page again to be asked for it";
  const fault = await response.json().catch(() => ({}));
  return fault.error ?? `the board answers ${response.status}`;
}
