// Opening an alarm for somebody who phones: who, what, what was said; and usually taking it at once.

import { act } from "./act.js";
import { call } from "./api.js";
import { put } from "./book.js";
import { h, need, toast } from "./dom.js";
import { go } from "./forms.js";
import { t } from "./i18n.js";
import { clearWrong, showRefusal } from "./wrong.js";

/** @type {import("./types.js").Component} */
export function report(root, signal) {
  const form = /** @type {HTMLFormElement} */ (root);
  const button = /** @type {HTMLButtonElement} */ (need(form, "button[type=submit]"));
  // What was sent without an answer may have arrived: the same words again carry the same key.
  let key = newKey();
  form.addEventListener("change", () => { key = newKey(); }, { signal });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const entries = new FormData(form);
    const said = (/** @type {string} */ name) => String(entries.get(name) ?? "").trim();
    if (!filled(form, said)) return;
    button.disabled = true;
    try {
      const [whom = "", id = ""] = said("whom").split(":");
      const body = { [whom]: id, kind: said("kind"), note: said("note") || null };
      const alarm = await call("POST", "/api/v1/alarms", body, key);
      put(alarm);
      if (entries.has("take")) await act(alarm.id, "acknowledge");
      document.dispatchEvent(new Event("book-changed"));
      toast(t("report.opened"), "good");
      go(`/alarms/${alarm.id}`);
    } catch (error) {
      showRefusal(form, error);
    } finally {
      button.disabled = false;
    }
  }, { signal });

  // Enter in the search chooses the first who was found; it does not send a form that is half filled in.
  need(form, "#report-q").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const found = form.querySelector("[name=whom]");
    if (!(found instanceof HTMLInputElement)) return;
    found.checked = true;
    found.focus();
  }, { signal });
}

function newKey() {
  return crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
}

/** Say what is missing where it is missing. @param {HTMLFormElement} form @param {(name: string) => string} said */
function filled(form, said) {
  clearWrong(form);
  const missing = [["whom", "#report-people", "report.choose_who"], ["kind", ".tiles", "report.choose_what"]].filter(([name]) => !said(name ?? ""));
  for (const [, place, text] of missing) need(form, place ?? "").append(h("div", { class: "wrong", role: "alert" }, t(text ?? "")));
  const [first] = missing;
  if (!first) return true;
  need(form, first[0] === "whom" ? "#report-q" : ".tiles input").focus();
  return false;
}
