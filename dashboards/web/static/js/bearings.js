// A place told from another: how far and in which direction.

import { t } from "./i18n.js";

/** The mean radius. Source: IUGG, Moritz 2000, doi:10.1007/s001900050278. */
const EARTH_RADIUS_M = 6_371_008.8;
const DIRECTIONS = ["n", "ne", "e", "se", "s", "sw", "w", "nw"];
/** Nearer than this, or than the fix is accurate, is at home. Assumption. */
const AT_HOME_M = 30;

/** @typedef {{lat: number, lon: number}} Place */

/** Metres to the east and to the north, on a plane that touches the first place. @param {Place} from @param {Place} to */
export function offsetM(from, to) {
  const radians = Math.PI / 180;
  const eastDeg = ((to.lon - from.lon + 540) % 360) - 180;
  const mean = ((from.lat + to.lat) / 2) * radians;
  return { east: eastDeg * radians * EARTH_RADIUS_M * Math.cos(mean), north: (to.lat - from.lat) * radians * EARTH_RADIUS_M };
}

/** Degrees clockwise from north in words. @param {number} degrees */
export function direction(degrees) {
  return t(`link.direction.${DIRECTIONS[Math.round(((degrees % 360) + 360) / 45) % 8]}`);
}

/** `85 m`, `1.6 km`, as somebody says it who points there. @param {number} m */
export function metres(m) {
  if (m >= 1000) return t("link.km", { n: (m / 1000).toFixed(1).replace(/\.0$/, "") });
  return t("link.m", { n: m > 100 ? 10 * Math.round(m / 10) : Math.max(Math.round(m), 1) });
}

/** Where a place lies from home, in words; empty where the home is not known. @param {Place | null} home @param {Place & {accuracy_m?: number | null}} place */
export function fromHome(home, place) {
  if (!home) return "";
  const { east, north } = offsetM(home, place);
  const far = Math.hypot(east, north);
  if (far <= Math.max(AT_HOME_M, place.accuracy_m ?? 0)) return t("link.near_home");
  return t("link.from_home", { distance: metres(far), direction: direction((Math.atan2(east, north) * 180) / Math.PI) });
}
