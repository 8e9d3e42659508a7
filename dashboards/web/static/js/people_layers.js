// People on the map: a sign each, by shape and word, those who stand close as one; the way of each, all of whom is chosen.

import { now } from "./clock.js";
import { h, icon } from "./dom.js";
import { ago, t } from "./i18n.js";
import { nameOf, ruleOf } from "./card.js";
import { colour, layersOf } from "./map_layers.js";
import { clockOf } from "./people_list.js";
import { placed, SEVERITIES, waiting } from "./people_placed.js";
import { countsAt } from "./zone_hours.js";

/**
 * @typedef {import("./people_placed.js").Person} Person
 * @typedef {import("./people_placed.js").Spot} Spot
 * @typedef {import("leaflet").LatLng} LatLng
 * @typedef {import("leaflet").Point} Point
 * @typedef {{person: Person, spot: Spot, at: LatLng, point: Point}} Seen
 * @typedef {{chief: Seen, all: Seen[]}} Crowd
 */

/** Signs that stand nearer to each other than this become one, px. */
const CROWD_PX = 40;
const CLOSEST = 19;
const CLOSE_ENOUGH = 17;
/** A word has so much room, px; where it would cover another, it is left to the list. */
const WORD = { width: 150, height: 44, below: 20 };
const PADDING = /** @type {[number, number]} */ ([56, 56]);
const NOWHERE_KNOWN = /** @type {[number, number]} */ ([31.2304, 121.4737]);
const ROOM_M = 250;

/**
 * @param {NonNullable<Awaited<ReturnType<typeof import("./chart.js").openChart>>>} chart
 * @param {AbortSignal} signal
 * @param {(key: string) => void} choose
 */
export function peopleLayers({ L, map }, signal, choose) {
  const canvas = L.canvas({ padding: 0.3 });
  const ways = L.layerGroup().addTo(map);
  const signs = L.layerGroup().addTo(map);
  /** @type {Map<string, import("leaflet").Marker>} */
  const drawn = new Map();
  /** @type {import("leaflet").LayerGroup | null} */
  let detail = null;
  /** @type {Person[]} */
  let people = [];
  /** @type {string | null} */
  let chosen = null;
  let detailed = "";
  let walked = "";
  let moved = false;
  let fitted = false;
  let shows = false;

  const at = (/** @type {{lat: number, lon: number}} */ place) => L.latLng(place.lat, place.lon);
  const whole = () => {
    moved = false;
    const all = people.flatMap((each) => { const spot = placed(each); return spot ? [at(spot.at)] : []; });
    if (all.length > 1) map.fitBounds(L.latLngBounds(all), { padding: PADDING, maxZoom: CLOSE_ENOUGH, animate: false });
    else map.setView(all[0] ?? NOWHERE_KNOWN, all.length ? CLOSE_ENOUGH : 11, { animate: false });
  };

  /** Everybody in the view, the worst first; whoever is near a worse one stands with them. @returns {Crowd[]} */
  const crowds = () => {
    const view = map.getBounds().pad(0.15);
    /** @type {Crowd[]} */
    const found = [];
    /** Crowds by the squares of the view that they may reach into. @type {Map<string, Crowd[]>} */
    const squares = new Map();
    const square = (/** @type {Point} */ point) => [Math.floor(point.x / CROWD_PX), Math.floor(point.y / CROWD_PX)];
    const everybody = people.flatMap((person) => {
      const spot = placed(person);
      const place = spot && at(spot.at);
      return spot && place && view.contains(place) ? [{ person, spot, at: place, point: map.latLngToLayerPoint(place) }] : [];
    });
    everybody.sort((a, b) => Number(b.person.key === chosen) - Number(a.person.key === chosen));
    for (const seen of everybody) {
      const [x = 0, y = 0] = square(seen.point);
      const near = seen.person.key === chosen ? undefined : [-1, 0, 1].flatMap((dx) => [-1, 0, 1].flatMap((dy) => squares.get(`${x + dx} ${y + dy}`) ?? []))
        .find((each) => each.chief.person.key !== chosen && each.chief.point.distanceTo(seen.point) < CROWD_PX);
      if (near) { near.all.push(seen); continue; }
      const crowd = { chief: seen, all: [seen] };
      found.push(crowd);
      squares.set(`${x} ${y}`, [...(squares.get(`${x} ${y}`) ?? []), crowd]);
    }
    return found;
  };

  const drawSigns = () => {
    const stays = new Set();
    /** @type {Point[]} */
    const words = [];
    for (const crowd of crowds()) {
      const here = crowd.chief.person.key === chosen;
      const room = here || !words.some((word) => Math.abs(word.x - crowd.chief.point.x) < WORD.width && Math.abs(word.y - crowd.chief.point.y) < WORD.height);
      if (room) words.push(crowd.chief.point);
      const [stamp, make] = crowd.all.length > 1 ? crowdSign(crowd, room) : personSign(crowd.chief, here, room);
      const key = `${crowd.chief.at.lat} ${crowd.chief.at.lng} ${stamp}`;
      stays.add(key);
      if (drawn.has(key)) continue;
      const marker = L.marker(crowd.chief.at, { icon: L.divIcon({ html: make(), className: "map-person-at", iconSize: [0, 0] }), keyboard: false, zIndexOffset: here ? 2000 : (SEVERITIES.length - SEVERITIES.indexOf(crowd.chief.person.worst.severity)) * 100 });
      marker.on("click", () => press(crowd));
      drawn.set(key, marker.addTo(signs));
    }
    for (const [key, marker] of drawn) if (!stays.has(key)) { marker.remove(); drawn.delete(key); }
  };

  /** @param {Crowd} crowd */
  const press = ({ chief, all }) => {
    const bounds = L.latLngBounds(all.map((each) => each.at));
    const apart = bounds.getNorthEast().distanceTo(bounds.getSouthWest());
    if (all.length === 1 || apart < 15 || map.getZoom() >= CLOSEST) {
      const index = all.findIndex((each) => each.person.key === chosen);
      return choose((all[index + 1] ?? chief).person.key);
    }
    moved = true;
    map.fitBounds(bounds, { padding: PADDING, maxZoom: CLOSEST, animate: false });
  };

  /** The ways of all as thin lines on one canvas, and the zones of those who went out of them. */
  const drawWays = () => {
    const stamp = JSON.stringify(people.map((each) => [each.key, each.located?.track.at(-1)?.t, each.worst.kind]));
    if (stamp === walked) return;
    walked = stamp;
    ways.clearLayers();
    for (const { located, alarms } of people) {
      if (!located) continue;
      const line = located.track.filter((fix) => fix.sure !== false).map(at);
      if (line.length > 1) L.polyline(line, { renderer: canvas, color: colour("way"), weight: 2.5, opacity: 0.65, smoothFactor: 2, interactive: false }).addTo(ways);
      if (!alarms.some((alarm) => alarm.kind === "wandering")) continue;
      for (const zone of located.zones) {
        const look = { renderer: canvas, color: colour("calm"), weight: 1.5, fillColor: colour("calm"), fillOpacity: 0.05, interactive: false, dashArray: countsAt(zone.active, now(), located.timezone ?? undefined) ? undefined : "3 6" };
        if (zone.circle) L.circle(at(zone.circle), { ...look, radius: zone.circle.radius_m }).addTo(ways);
        else if (zone.polygon) L.polygon(zone.polygon, look).addTo(ways);
      }
    }
  };

  const drawDetail = () => {
    const person = people.find((each) => each.key === chosen);
    const located = person?.located;
    const stamp = JSON.stringify([chosen, located?.track.length, located?.last?.t, located?.certain?.t, located?.zones]);
    if (stamp === detailed) return;
    detailed = stamp;
    detail?.remove();
    detail = null;
    if (!located) return;
    const zones = located.zones.map((zone) => ({ ...zone, counts: countsAt(zone.active, now(), located.timezone ?? undefined) }));
    const doubtful = located.last && located.last.t !== located.certain?.t ? located.last : null;
    detail = layersOf(L, { home: located.home, zones, track: located.track, fix: doubtful, certain: doubtful ? null : undefined }).group.addTo(map);
  };

  /** Take in whom somebody has chosen, with the way that they walked. @param {string | null} key */
  const goTo = (key) => {
    const person = people.find((each) => each.key === key);
    const spot = person && placed(person);
    if (!spot) return;
    moved = true;
    const seen = [at(spot.at), ...(person.located?.track ?? []).filter((fix) => fix.sure !== false).map(at)];
    const room = at(spot.at).toBounds(2 * ROOM_M);
    map.fitBounds(L.latLngBounds(seen).extend(room), { padding: PADDING, maxZoom: CLOSE_ENOUGH, animate: false });
  };

  /** @param {Person[]} wanted @param {string | null} whom who is chosen @param {{goes?: boolean}} [how] `goes`: the view takes them in */
  const show = (wanted, whom, { goes = false } = {}) => {
    shows = true;
    const newcomer = wanted.some((each) => { const spot = placed(each); return spot && map.getZoom() !== undefined && !map.getBounds().contains(at(spot.at)); });
    people = wanted;
    chosen = whom;
    if (!fitted || (newcomer && !moved && !chosen)) {
      fitted = people.some(placed);
      whole();
    }
    if (goes) goTo(chosen);
    shows = false;
    drawWays();
    drawDetail();
    drawSigns();
  };

  map.on("moveend", () => { if (!shows) drawSigns(); });
  for (const touched of ["pointerdown", "wheel"]) map.getContainer().addEventListener(touched, () => { moved = true; }, { signal, passive: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { walked = detailed = ""; show(people, chosen); }, { signal });
  return { show, whole };
}

/** @param {Seen} seen @param {boolean} here @param {boolean} word @returns {[string, () => HTMLElement]} */
function personSign({ person, spot }, here, word) {
  const { worst, located } = person;
  const name = nameOf(worst);
  const second = spot.standing === "home" ? t("people_map.sign_home") : spot.standing === "old" && spot.fix ? t("people_map.sign_old", { at: clockOf(spot.fix.t, located?.timezone) }) : ruleOf(person.chief);
  const classes = `map-person severity-${worst.severity}${spot.standing === "old" ? " old" : ""}${spot.standing === "home" ? " at-home" : ""}${waiting(person) ? " waiting" : ""}${here ? " chosen" : ""}`;
  const title = [name, ruleOf(person.chief), t(`severity.${worst.severity}`), spot.fix ? ago(now() - spot.fix.t) : t("people_map.sign_home")].join(" · ");
  return [JSON.stringify([person.key, classes, name, second, word]), () => h("div", { class: classes, title, "data-sign": person.key },
    icon(spot.standing === "home" ? "home" : worst.severity),
    word && h("span", { class: "map-person-word" }, h("strong", {}, name), h("span", {}, second)))];
}

/** @param {Crowd} crowd @param {boolean} word @returns {[string, () => HTMLElement]} */
function crowdSign({ chief, all }, word) {
  const { worst } = chief.person;
  const alike = all.filter((each) => each.person.worst.severity === worst.severity).length;
  const classes = `map-person crowd severity-${worst.severity}${all.some((each) => waiting(each.person)) ? " waiting" : ""}`;
  const second = t("people_map.crowd_worst", { severity: t(`severity.${worst.severity}`), n: alike });
  return [JSON.stringify([all.map((each) => each.person.key), classes, second, word]), () => h("div", { class: classes, title: all.slice(0, 12).map((each) => nameOf(each.person.worst)).join(t("list.comma")), "data-crowd": String(all.length) },
    icon(worst.severity), h("b", {}, String(all.length)),
    word && h("span", { class: "map-person-word" }, h("strong", {}, t("people_map.crowd", { n: all.length })), h("span", {}, second)))];
}
