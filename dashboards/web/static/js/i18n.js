// Texts in the page's language, from the one catalogue that the templates use too.

const language = document.documentElement.lang.startsWith("en") ? "en" : "zh";

/** @type {Record<string, string>} */
const texts = await (await fetch(`/catalogue/${language}.json?v=${document.documentElement.dataset.version ?? ""}`)).json();

/**
 * The text of a key with its `{parameters}` filled in; an unknown key reads as itself.
 * @param {string} key
 * @param {Record<string, string | number>} [parameters]
 * @returns {string}
 */
export function t(key, parameters = {}) {
  const text = texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(parameters[name] ?? whole));
}

/**
 * A text that may be missing, with what to say instead.
 * @param {string} key
 * @param {string} otherwise
 * @returns {string}
 */
export function textOr(key, otherwise) {
  return texts[key] ?? otherwise;
}

/**
 * "12 s ago". Steps: seconds to 90 s, minutes to 90 min, hours to 36 h, then days.
 * @param {number} elapsedMs
 * @returns {string}
 */
export function ago(elapsedMs) {
  const seconds = Math.max(0, Math.floor(elapsedMs / 1000));
  if (seconds < 90) return t("ago.seconds", { n: seconds });
  if (seconds < 90 * 60) return t("ago.minutes", { n: Math.floor(seconds / 60) });
  if (seconds < 36 * 3600) return t("ago.hours", { n: Math.floor(seconds / 3600) });
  return t("ago.days", { n: Math.floor(seconds / 86400) });
}
