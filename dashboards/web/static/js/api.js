// Calls to the console's HTTP interface with the session's cookie and its CSRF token.

import { need } from "./dom.js";
import { t, textOr } from "./i18n.js";

/** What the server refused, with its problem details (RFC 9457). */
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
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (method !== "GET") {
    headers["X-CSRF-Token"] = /** @type {HTMLMetaElement} */ (need(document, "meta[name=csrf]")).content;
    headers["Idempotency-Key"] = key ?? crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    headers["Content-Type"] = "application/json";
  }
  const response = await fetch(path, { method, headers, body: method === "GET" ? undefined : JSON.stringify(body ?? {}), keepalive: outlives });
  if (response.status === 401) location.assign("/signin");
  const text = await response.text();
  const answer = text ? JSON.parse(text) : null;
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

/**
 * What to tell a person about a failed call.
 * @param {unknown} error
 * @returns {string}
 */
export function explain(error) {
  if (error instanceof Refused) return textOr(`error.${error.status}`, error.message);
  return t("error.unreachable");
}
