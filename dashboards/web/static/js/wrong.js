// What is wrong with a form, said where it is, and tied to the field for those who hear the page; else above the form.

import { explain, Refused } from "./api.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";

const FIELDS = "input:not([type=hidden]), select, textarea";
let notes = 0;

/** Forget what was said. @param {HTMLElement} form */
export function clearWrong(form) {
  for (const note of form.querySelectorAll(".wrong, .form-wrong")) {
    for (const field of note.id ? form.querySelectorAll(`[aria-describedby~="${note.id}"]`) : []) tie(field, described(field).filter((id) => id !== note.id));
    note.remove();
  }
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}

/** Say it at a field. @param {HTMLElement} field @param {string} text */
export function sayAt(field, text) {
  const note = h("div", { class: "wrong", id: `wrong-${notes += 1}` }, text);
  field.setAttribute("aria-invalid", "true");
  tie(field, [...described(field), note.id]);
  const box = field.closest("[type=radio]") ? field.closest("fieldset") : field.closest(".field, td");
  if (box) box.append(note);
  else field.after(note);
}

/** @param {Element} field */
function described(field) {
  return (field.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
}

/** @param {Element} field @param {string[]} ids */
function tie(field, ids) {
  if (ids.length) field.setAttribute("aria-describedby", ids.join(" "));
  else field.removeAttribute("aria-describedby");
}

/**
 * Put the server's objections where they belong, and go to the first of them.
 * @param {HTMLFormElement} form
 * @param {unknown} error
 */
export function showRefusal(form, error) {
  clearWrong(form);
  const body = error instanceof Refused ? error.body : {};
  const errors = Array.isArray(body.errors) ? body.errors : body.field ? [body] : [];
  const elsewhere = errors.filter((/** @type {Objection} */ each) => {
    const field = each.field ? fieldAt(form, each.field) : null;
    if (field) sayAt(field, each.message ?? t("form.wrong"));
    return !field;
  });
  const first = /** @type {HTMLElement | null} */ (form.querySelector("[aria-invalid=true]"));
  if (elsewhere.length || !first) {
    const said = elsewhere.map((/** @type {Objection} */ each) => each.message).filter(Boolean);
    const lines = (said.length ? said : [explain(error)]).map((/** @type {string} */ text) => h("p", {}, text));
    const notice = h("div", { class: "notice bad form-wrong", role: "alert" }, h("div", {}, ...lines, body.message ? null : technical(body.detail)));
    form.prepend(notice);
    if (!first) notice.scrollIntoView({ block: "nearest" });
  }
  first?.closest("details")?.setAttribute("open", "");
  first?.focus();
}

/** @typedef {{field?: string, message?: string}} Objection */

/** What the server said to programs, for whoever has to look into it. @param {string | undefined} detail */
function technical(detail) {
  return detail ? h("details", {}, h("summary", {}, t("error.details")), h("code", { lang: "en" }, detail)) : null;
}

/**
 * Where `windows.1.from` is entered: the field of that name, else that in a line of `data-lines`, else what is around it.
 * @param {HTMLFormElement} form
 * @param {string} path
 * @returns {HTMLElement | null}
 */
function fieldAt(form, path) {
  const named = form.elements.namedItem(path);
  const field = named instanceof RadioNodeList ? named[0] : named;
  if (field instanceof HTMLInputElement && field.type === "hidden") {
    const seen = /** @type {HTMLElement | null | undefined} */ (field.closest(".field")?.querySelector(FIELDS));
    if (seen) return seen;
  } else if (field instanceof HTMLElement) return field;
  const [, list, place, leaf] = /^(.+)\.(\d+)(?:\.(\w+))?$/.exec(path) ?? [];
  const line = list ? form.querySelectorAll(`[data-lines="${list}"] > *`)[Number(place)] : form.querySelector(`[data-lines="${path}"]`);
  const inside = /** @type {HTMLElement | null | undefined} */ (line?.querySelector(leaf ? `[data-field="${leaf}"]` : FIELDS) ?? line?.querySelector(FIELDS));
  if (inside) return inside;
  const around = path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : "";
  return around ? fieldAt(form, around) : null;
}
