// Who looks for somebody: those on their way, and who has a link to the live map; each made once, and taken back.

import { call, explain } from "./api.js";
import { staffName } from "./book.js";
import { now } from "./clock.js";
import { h, icon, need, toast } from "./dom.js";
import { bodyOf, isFilled } from "./forms.js";
import { ago, t } from "./i18n.js";
import { showRefusal } from "./wrong.js";

/**
 * @typedef {import("./types.js").Search} Search
 * @typedef {import("./types.js").MapLink} MapLink
 */

const TONES = { going: "taken", there: "good", cannot: "" };

/** @type {import("./types.js").Component} */
export function searchers(root, signal) {
  const may = root.dataset.acts === "yes";
  let drawn = "";
  document.addEventListener("whereabouts", (event) => {
    const known = /** @type {Search} */ (/** @type {CustomEvent} */ (event).detail);
    const { responders = [], links = [] } = known;
    const shown = links.filter((link) => link.state === "open" || link.looks.length > 0);
    const stamp = JSON.stringify([responders, shown, Math.floor(now() / 30_000)]);
    if (stamp === drawn) return;
    drawn = stamp;
    need(root, "[data-goers]").replaceChildren(...responders.map(({ name, state, t: at }) => h("li", {}, h("div", { class: "line" },
      icon("person-run"), h("strong", {}, staffName(name)), h("span", { class: `chip ${TONES[state]}` }, t(`searcher.${state}`)), h("span", { class: "soft small" }, ago(now() - at))))));
    need(root, "[data-nobody]").hidden = responders.length > 0;
    need(root, "[data-shared]").hidden = shown.length === 0;
    need(root, "[data-links]").replaceChildren(...shown.map((link) => lineOf(link, may, root.dataset)));
  }, { signal });
  root.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-revoke]") : null;
    if (!(button instanceof HTMLButtonElement)) return;
    button.disabled = true;
    try {
      await call("DELETE", `/api/v1/alarms/${root.dataset.alarm}/links/${button.dataset.revoke}`);
      toast(t("share.revoked"), "good");
      askAnew();
    } catch (error) {
      toast(explain(error), "bad");
      button.disabled = false;
    }
  }, { signal });
}

/** @param {MapLink} link @param {boolean} may @param {DOMStringMap} page */
function lineOf(link, may, { timezone }) {
  const looks = link.looks.reduce((sum, look) => sum + look.times, 0);
  const last = Math.max(0, ...link.looks.map((look) => look.to_ms));
  const until = link.expires_at === null ? "" : new Date(link.expires_at).toLocaleTimeString("sv-SE", { timeZone: timezone || undefined, hour: "2-digit", minute: "2-digit" });
  return h("li", {}, h("div", { class: "line" }, icon("map"), h("strong", {}, link.for),
    h("span", { class: `chip ${link.state === "open" ? "taken" : ""}` }, link.state === "open" && until ? t("share.until", { at: until }) : t(`share.state.${link.state}`)),
    h("span", { class: "soft small" }, looks ? t("share.looked", { ago: ago(now() - last) }) : t("share.not_looked")),
    may && link.id !== null && link.state === "open" && h("button", { class: "button quiet revoke", type: "button", "data-revoke": link.id, "aria-label": t("share.revoke_whose", { name: link.for }) }, t("share.revoke"))));
}

/** What was done is seen at once. */
function askAnew() {
  document.dispatchEvent(new Event("whereabouts-asked"));
}

/** The dialog in which a link is made: its address is shown once. @type {import("./types.js").Component} */
export function sharing(root, signal) {
  const form = /** @type {HTMLFormElement} */ (need(root, "form"));
  const made = need(root, "[data-made]");
  let address = "";
  form.noValidate = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (!isFilled(form)) return;
    const button = /** @type {HTMLButtonElement} */ (need(form, "button[type=submit]"));
    button.disabled = true;
    try {
      const { url } = await call("POST", `/api/v1/alarms/${root.dataset.alarm}/links`, bodyOf(form));
      address = new URL(url, location.href).href;
      need(made, "[data-url]").textContent = address;
      need(made, "[data-send]").hidden = typeof navigator.share !== "function";
      form.hidden = true;
      made.hidden = false;
      made.focus();
      askAnew();
    } catch (error) {
      showRefusal(form, error);
    } finally {
      button.disabled = false;
    }
  }, { signal });
  need(made, "[data-copy]").addEventListener("click", async () => {
    await navigator.clipboard?.writeText(address);
    toast(t("form.copied"), "good");
  }, { signal });
  need(made, "[data-send]").addEventListener("click", () => void navigator.share({ url: address }).catch(() => undefined), { signal });
  root.addEventListener("close", () => {
    form.reset();
    form.hidden = false;
    made.hidden = true;
  }, { signal });
}
