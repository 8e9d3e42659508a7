// Calls because of a promised check, written down by one key or button; for a few seconds each can be taken back.

import { call, explain } from "./api.js";
import { toast } from "./dom.js";
import { t } from "./i18n.js";

/** @typedef {"well" | "no_answer"} Result */

/** So long a call that was written down can be taken back before it counts. Until then the alarm goes on: the safe side. Assumption. */
const UNDO_MS = 5000;

/** What was written down and is not stored yet, by check. @type {Map<string, {result: Result, send: () => void, timer: number, isSent: boolean}>} */
const pending = new Map();

/** Tell the page to draw its lines anew. */
function changed() {
  document.dispatchEvent(new Event("calls-changed"));
}

/** @param {HTMLElement} line with `data-check` and `data-name` @param {Result} result */
export function write(line, result) {
  const id = line.dataset.check ?? "";
  const name = line.dataset.name ?? "";
  if (pending.has(id)) return;
  const send = async () => {
    const written = pending.get(id);
    if (!written || written.isSent) return;
    clearTimeout(written.timer);
    written.isSent = true;
    changed();
    try {
      await call("POST", `/api/v1/checks/${encodeURIComponent(id)}/call`, { result }, undefined, true);
      toast(t(`check.said.${result}`, { name }), "good");
    } catch (error) {
      toast(`${name}: ${explain(error)}`, "bad");
    }
    pending.delete(id);
    changed();
    document.dispatchEvent(new Event("check-recorded"));
  };
  pending.set(id, { result, send, timer: window.setTimeout(send, UNDO_MS), isSent: false });
  changed();
}

/** Take back what was written down last, or what was written down of one check; returns which, if it was not too late. @param {string} [id] @returns {string | null} */
export function takeBack(id) {
  const which = id ?? [...pending].findLast(([, written]) => !written.isSent)?.[0];
  const written = which === undefined ? undefined : pending.get(which);
  if (which === undefined || !written || written.isSent) return null;
  clearTimeout(written.timer);
  pending.delete(which);
  changed();
  return which;
}

/** Show on a line what the server knows nothing of yet: the call that can still be taken back. @param {HTMLElement} line */
export function drawCall(line) {
  const written = pending.get(line.dataset.check ?? "");
  if (written) {
    line.dataset.pending = written.isSent ? "sent" : "waiting";
    line.dataset.result = written.result;
  } else {
    delete line.dataset.pending;
    delete line.dataset.result;
  }
}

/** What a click on a line's button writes down or takes back. @param {MouseEvent} event */
export function pressed(event) {
  if (!(event.target instanceof Element)) return;
  const line = event.target.closest("[data-check]");
  if (!(line instanceof HTMLElement)) return;
  const button = event.target.closest("[data-records]");
  if (button instanceof HTMLElement) write(line, /** @type {Result} */ (button.dataset.records));
  else if (event.target.closest("[data-undo]")) takeBack(line.dataset.check ?? "");
}

// Whoever leaves has said all that they wanted to say.
addEventListener("pagehide", () => { for (const { send } of pending.values()) send(); });
