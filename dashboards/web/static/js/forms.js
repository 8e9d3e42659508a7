// Plain forms that speak the public API: field names are paths into the JSON, what is wrong is said at the field.

import { call } from "./api.js";
import { need, toast } from "./dom.js";
import { t, textOr } from "./i18n.js";
import { clearWrong, sayAt, showRefusal } from "./wrong.js";

/** @typedef {{site: string, device: string, username: string | null, password: string | null}} Credentials */

/**
 * A field's text as JSON: numbers and booleans by the field's type, times as ms; empty is null.
 * @param {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} field
 */
function valueOf(field) {
  if (field instanceof HTMLInputElement && field.type === "checkbox") return field.checked;
  const text = field.value.trim();
  if (text === "") return null;
  if (field instanceof HTMLInputElement && field.type === "datetime-local") return instantIn(text, field.dataset.zone ?? "");
  return field instanceof HTMLInputElement && (field.type === "number" || field.dataset.number !== undefined) ? Number(text) : text;
}

/**
 * The JSON of a form: `home.lat` becomes `{home: {lat}}`; groups of which nothing was given, and empty optional
 * fields, are left out, or null where the form changes something that exists. Boxes with `data-list` are a list of
 * the values that are ticked.
 * @param {HTMLFormElement} form
 * @returns {Record<string, any>}
 */
export function bodyOf(form) {
  /** @type {Record<string, any>} */
  const body = {};
  for (const field of form.elements) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement)) continue;
    if (!field.name || field.disabled || (field.type === "radio" && !(/** @type {HTMLInputElement} */ (field).checked))) continue;
    if (field.dataset.list !== undefined) {
      const list = (body[field.name] ??= []);
      if (/** @type {HTMLInputElement} */ (field).checked) list.push(field.value);
      continue;
    }
    const value = valueOf(field);
    const path = field.name.split(".");
    const leaf = /** @type {string} */ (path.pop());
    if (value === null && (path.length || form.dataset.method !== "PUT")) continue;
    let at = body;
    for (const step of path) at = at[step] ??= {};
    at[leaf] = value;
  }
  return body;
}

/**
 * The moment, ms, at which clocks in a time zone show `2026-07-01T18:30`.
 * @param {string} text
 * @param {string} zone an IANA name; empty for the browser's own
 */
export function instantIn(text, zone) {
  if (!zone) return new Date(text).getTime();
  const wanted = Date.parse(`${text}Z`);
  const shown = (/** @type {number} */ t) => Date.parse(`${new Date(t).toLocaleString("sv-SE", { timeZone: zone }).replace(" ", "T")}Z`);
  let t = wanted;
  // Twice: the first step may cross the hour at which summer time changes.
  for (let step = 0; step < 2; step += 1) t += wanted - shown(t);
  return t;
}

/** Check what the browser can check, in our words. @param {HTMLFormElement} form @returns {boolean} */
export function isFilled(form) {
  clearWrong(form);
  /** @type {HTMLElement | null} */
  let worst = null;
  let asked = "";
  for (const field of form.elements) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement)) continue;
    const earlier = field.dataset.notBefore && form.elements.namedItem(field.dataset.notBefore);
    if (earlier instanceof HTMLInputElement) field.setAttribute("min", earlier.value);
    if (earlier instanceof HTMLInputElement && field.dataset.mostDays) field.setAttribute("max", daysAfter(earlier, Number(field.dataset.mostDays) - 1));
    if (field.validity.valid || (field.type === "radio" && field.name === asked)) continue;
    if (field.type === "radio") asked = field.name;
    const why = field.validity;
    const text = why.customError ? field.validationMessage
      : why.valueMissing ? t(field.type === "radio" ? "form.choose" : "form.missing")
      : why.rangeUnderflow && field.type.startsWith("date") ? t("form.not_before", { min: (field.getAttribute("min") ?? "").replace("T", " ") })
      : why.rangeOverflow && field.dataset.mostDays ? t("form.most_days", { days: field.dataset.mostDays })
      : why.rangeUnderflow || why.rangeOverflow ? t("form.range", { min: field.getAttribute("min") ?? "", max: field.getAttribute("max") ?? "" })
      : why.tooShort ? t("form.too_short", { least: field.getAttribute("minlength") ?? "" })
      : why.badInput && field.type === "number" ? t("form.number")
      : why.stepMismatch && field.type === "number" && Number(field.getAttribute("step") ?? 1) === 1 ? t("form.whole")
      : why.patternMismatch ? textOr(`form.pattern.${field.dataset.pattern}`, t("form.wrong"))
      : t("form.wrong");
    sayAt(field, text);
    worst ??= field;
  }
  worst?.focus();
  return !worst;
}

/** The day so many days after a field's, empty without one. @param {HTMLInputElement} field @param {number} days */
function daysAfter(field, days) {
  const day = field.valueAsDate;
  return day ? new Date(day.getTime() + days * 86_400_000).toISOString().slice(0, 10) : "";
}

/**
 * Send a form. The answer, or null when it was refused (and said so).
 * @param {HTMLFormElement} form
 * @param {Record<string, any>} [extra]
 * @returns {Promise<any>}
 */
export async function send(form, extra = {}) {
  if (!isFilled(form)) return null;
  const button = form.querySelector("button[type=submit]");
  if (button instanceof HTMLButtonElement) button.disabled = true;
  try {
    return (await call(form.dataset.method ?? "POST", form.dataset.api ?? "", { ...bodyOf(form), ...extra })) ?? {};
  } catch (error) {
    showRefusal(form, error);
    return null;
  } finally {
    if (button instanceof HTMLButtonElement) button.disabled = false;
  }
}

/** @type {import("./types.js").Component} */
export function form(root, signal) {
  const element = /** @type {HTMLFormElement} */ (root);
  element.noValidate = true;
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await send(element);
    if (!answer) return;
    if (element.dataset.shows) return showSecret(element, answer);
    if (element.dataset.link && answer.signin_path) return showLink(element, answer.signin_path);
    const skipped = answer.skipped ?? [];
    if (skipped.length) toast(t("form.skipped", { n: skipped.length, why: skipped[0].message ?? "" }), "warn");
    else toast(t("form.saved"), "good");
    go((element.dataset.next ?? "/").replace("{id}", encodeURIComponent(answer.id ?? "")));
  }, { signal });
  element.querySelector("[data-remove]")?.addEventListener("click", async () => {
    if (!confirm(t("form.remove_sure"))) return;
    try {
      await call("DELETE", element.dataset.api ?? "");
      go(element.dataset.gone ?? element.dataset.next ?? "/");
    } catch (error) {
      showRefusal(element, error);
    }
  }, { signal });
}

/**
 * A form of its own shape: what `bodyIn` reads out of it is sent, and it can be removed when somebody is sure.
 * @param {HTMLFormElement} form
 * @param {(form: HTMLFormElement) => object} bodyIn
 * @param {string} sure the question before it is removed
 * @param {AbortSignal} signal
 * @param {(form: HTMLFormElement, error: unknown) => void} objects tells what the server did not take
 */
export function keeps(form, bodyIn, sure, signal, objects = showRefusal) {
  form.noValidate = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isFilled(form)) await sent(form, objects, form.dataset.method ?? "POST", bodyIn(form));
  }, { signal });
  form.querySelector("[data-remove]")?.addEventListener("click", async () => {
    if (confirm(sure)) await sent(form, objects, "DELETE");
  }, { signal });
}

/** @param {HTMLFormElement} form @param {(form: HTMLFormElement, error: unknown) => void} objects @param {string} method @param {object} [body] */
async function sent(form, objects, method, body) {
  try {
    await call(method, form.dataset.api ?? "", body);
    toast(t("form.saved"), "good");
    go(form.dataset.next ?? "/");
  } catch (error) {
    objects(form, error);
  }
}

/** Go to a page without losing stream and sound. @param {string} path */
export function go(path) {
  void window.htmx.ajax("get", path, { target: "#page", select: "#page", swap: "outerHTML show:window:top", push: path });
}

/**
 * The device's password is shown once: the form gives way to it.
 * @param {HTMLFormElement} form
 * @param {Credentials} answer
 */
function showSecret(form, answer) {
  const shown = need(document, form.dataset.shows ?? "");
  fillSecret(shown, answer);
  form.hidden = true;
  shown.hidden = false;
  shown.focus();
}

/**
 * A sign-in link is shown once: the form gives way to it.
 * @param {HTMLFormElement} form
 * @param {string} path
 */
function showLink(form, path) {
  const shown = need(document, form.dataset.link ?? "");
  const link = new URL(path, location.href).href;
  need(shown, "[data-signin-link]").textContent = link;
  need(shown, "[data-copy]").addEventListener("click", async () => {
    await navigator.clipboard?.writeText(link);
    toast(t("form.copied"), "good");
  });
  form.hidden = true;
  shown.hidden = false;
  shown.focus();
}

/**
 * Fill user, password and the copyable command into a prepared box.
 * @param {HTMLElement} box
 * @param {Credentials} answer
 */
export function fillSecret(box, answer) {
  const { device, site } = answer;
  const username = answer.username ?? `site-${site}`;
  const password = answer.password ?? "…";
  need(box, "[data-shared]").hidden = answer.username !== null;
  for (const [name, value] of Object.entries({ username, password }))
    for (const place of box.querySelectorAll(`[data-secret="${name}"]`)) place.textContent = value;
  const line = need(box, "[data-command]");
  const { host = "127.0.0.1", port = "1883" } = line.dataset;
  line.textContent = `mosquitto_pub -V 5 -h ${host} -p ${port} -u '${username}' -P '${password}' -q 1 -t 'anxin/v1/${site}/${device}/sos' -m '{}'`;
  box.querySelector("[data-copy]")?.addEventListener("click", async () => {
    await navigator.clipboard?.writeText(line.textContent ?? "");
    toast(t("form.copied"), "good");
  });
}
