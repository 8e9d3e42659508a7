// What the search found, as lines to choose from.

import { call } from "./api.js";
import { h, icon } from "./dom.js";
import { t, textOr } from "./i18n.js";

/** @typedef {{type: "resident" | "contact" | "device" | "household", id: string, title: string, subtitle: string, site: string, resident: string | null, why: string}} Hit */

const ICONS = { resident: "people", contact: "phone", device: "device", household: "home" };

/** @param {string} text @param {number} limit @returns {Promise<Hit[]>} */
export async function search(text, limit) {
  return (await call("GET", `/api/v1/search?limit=${limit}&q=${encodeURIComponent(text.slice(0, 100))}`)).items;
}

/** The place as people say it, and codes of a status or of a type of device in words. @param {Hit} hit */
function inWords(hit) {
  const lives = hit.type === "resident" || hit.type === "household";
  return hit.subtitle.split(" · ")
    .map((part, place) => (lives && place === 0 ? part.replaceAll(" ", "-") : part))
    .map((part) => textOr(`status.${part}`, textOr(`type.${part}`, part))).join(" · ");
}

/** @param {Hit} hit @returns {HTMLElement} */
export function line(hit) {
  return h("div", { class: "hit", "data-hit": hit.id }, icon(ICONS[hit.type]),
    h("div", {}, h("strong", {}, hit.title || t("card.nobody_known")), hit.subtitle ? h("div", { class: "soft small" }, inWords(hit)) : null),
    hit.why === "name" ? null : h("span", { class: "chip" }, t(`search.why.${hit.why}`)));
}
