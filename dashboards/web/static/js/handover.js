// A device goes to somebody else, now or since a time that has passed: readings belong to who wore it when they were taken.

import { call } from "./api.js";
import { toast } from "./dom.js";
import { bodyOf, go, isFilled } from "./forms.js";
import { t } from "./i18n.js";
import { showRefusal } from "./wrong.js";

/** @type {import("./types.js").Component} */
export function handover(root, signal) {
  const form = /** @type {HTMLFormElement} */ (root);
  const device = form.dataset.device ?? "";
  form.noValidate = true;
  form.dataset.method = "PUT";
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!isFilled(form)) return;
    const { resident = null, household = null, since = null } = bodyOf(form);
    if (!resident && !household && !confirm(t("worn.nobody_sure", { device }))) return;
    try {
      if (since === null) await now(device, resident, household);
      else await then(device, form.dataset.current ?? "", resident, household, since);
      form.closest("dialog")?.close();
      toast(t("form.saved"), "good");
      go(location.pathname);
    } catch (error) {
      showRefusal(form, error);
    }
  }, { signal });
}

/** @param {string} device @param {string | null} resident @param {string | null} household */
async function now(device, resident, household) {
  const path = `/api/v1/devices/${encodeURIComponent(device)}`;
  await call("PUT", path, { ...(await call("GET", path)), resident, household });
}

/**
 * The one that stands ends at that time; then the next begins. Where the second is refused, the first is put back.
 * @param {string} device
 * @param {string} current the assignment that stands, if any
 * @param {string | null} resident
 * @param {string | null} household
 * @param {number} since ms
 */
async function then(device, current, resident, household, since) {
  const path = `/api/v1/assignments/${encodeURIComponent(current)}`;
  const before = current ? await call("GET", path) : null;
  if (before) await call("PUT", path, { ...before, to: since });
  if (!resident && !household) return;
  try {
    await call("POST", "/api/v1/assignments", { device, resident, household, from: since });
  } catch (error) {
    if (before) await call("PUT", path, before);
    throw error;
  }
}
