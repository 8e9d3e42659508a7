// Calls to the console's HTTP interface with the session's cookie and its CSRF token.

import { need } from "./dom.js";
import { t, textOr } from "./i18n.js";

/** What the server refused, with its problem details (RFC 9457); `message` of those is in the reader's language. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {any} body
   */
  constructor(status, body) {
    super(body?.detail ?? body?.title ?? String(status));
    this.status = status;
    this.body = body ?? {};
  }
}

/**
 * Call the API. Answers the JSON body; raises `Refused` for 4xx and 5xx, and `TypeError` when nobody answers.
 * A 401 leads to the sign-in page.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {string} [key] the Idempotency-Key, where a repetition must carry the same
 * @param {boolean} [outlives] whether it goes on when the page is left meanwhile
 * @returns {Promise<any>}
 */
export async function call(method, path, body, key, outlives = false) {
  return answerOf(await fetch(path, { ...asked(method, body, key), keepalive: outlives }));
}

/**
 * The same, given up after so many ms: on a line that is dead nobody answers, and nobody says so.
 * @param {number} ms
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export async function callWithin(ms, method, path, body) {
  return answerOf(await fetch(path, { ...asked(method, body), signal: AbortSignal.timeout(ms) }));
}

/**
 * @param {string} method
 * @param {unknown} body
 * @param {string} [key]
 * @returns {RequestInit}
 */
function asked(method, body, key) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (method !== "GET") {
    headers["X-CSRF-Token"] = /** @type {HTMLMetaElement} */ (need(document, "meta[name=csrf]")).content;
    headers["Idempotency-Key"] = key ?? crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    headers["Content-Type"] = "application/json";
  }
  return { method, headers, body: method === "GET" ? undefined : JSON.stringify(body ?? {}) };
}

/** @param {Response} response @returns {Promise<any>} */
async function answerOf(response) {
  if (response.status === 401) signInAgain();
  const text = await response.text();
  // What stands between us and the server answers in pages of its own.
  const answer = text && response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : null;
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

/** So long the place where somebody was when their session ended is kept, s. */
const WANTED_S = 600;

/** To the sign-in, and from there back to this page. */
export function signInAgain() {
  document.cookie = `anxin_wanted=${encodeURIComponent(location.pathname)}; path=/; max-age=${WANTED_S}; samesite=lax`;
  location.assign("/signin");
}

/**
 * What to tell a person about a failed call.
 * @param {unknown} error
 * @returns {string}
 */
export function explain(error) {
  if (!(error instanceof Refused)) return t("error.unreachable");
  return error.body.message ?? textOr(`error.${error.status}`, t("error.refused"));
}
