/** The public contract's alarm object (section 3) and what the console's own routes answer. */

export type Severity = "critical" | "high" | "medium" | "low";
export type AlarmState =
  | "open" | "acknowledged" | "dispatched" | "on_scene" | "resolved" | "closed" | "cancelled" | "suppressed";

export interface TimelineEntry { t: number; actor: string; event: string; note?: string | null; code?: string | null; to?: string | null }

export interface Fix { lat: number; lon: number; accuracy_m?: number | null; t?: number | null }

export interface Alarm {
  id: string; case: string; kind: string; rule: string; severity: Severity; state: AlarmState; version: number;
  site: string; resident: string | null; household: string | null; device: string | null;
  event_time: number; last_event_time: number; recovered_at: number | null; raised_at: number;
  late: boolean; drill: boolean; position: Fix | null; evidence: Record<string, unknown>; count: number;
  previous: string | null; assignee: string | null; outcome: string | null;
  latency_ms: { transport: number; decided: number; commit_issued: number } | null;
  timeline: TimelineEntry[];
}

/** Who is who: names for the ids that alarms carry. */
export interface Directory {
  residents: Record<string, { name: string; place: string }>;
  households: Record<string, { name: string; place: string }>;
  sites: Record<string, string>;
  staff: Record<string, string>;
}

export interface RoleLine {
  role: string; state: "starting" | "ready" | "restarting" | "stopped"; restarts: number; at: number; advice: string | null;
}

/** A browser with an open console, and whether an alarm would be heard there. `since` in ms. */
export interface Desk {
  username: string; display_name: string; state: "audible" | "polling" | "muted" | "no_sound" | "no_stream" | "frozen"; since: number; own: boolean;
}

/** What the console asks every few seconds. Times in ms; null when there has been no reading yet. */
export interface Pulse {
  now: number; residents: number; devices: number; reporting: number; last_reading: number | null; roles: RoleLine[];
}

export interface PhoneMessage { t: number; to: string; text: string; state: string }

export interface DemoState {
  counters: { sent: number; stored: number; on_the_way: number; lost: number };
  phone: PhoneMessage[];
  story: { running: boolean; clock: string | null; step: string | null };
  doing: string;
}

/** When a zone counts; days from Monday 0, the resident's own clock. */
export interface ZoneHours { days: number[]; from: string; to: string }

/** `counts` false: it rests at this hour. */
export interface Zone {
  name: string; circle?: { lat: number; lon: number; radius_m: number } | null; polygon?: [number, number][] | null;
  active?: ZoneHours | null; counts?: boolean;
}

/** `sure` false: too coarse, or a jump that nobody walks. */
export interface TrackPoint { lat: number; lon: number; t: number; accuracy_m?: number | null; sure?: boolean }

/** What a map is drawn from. Degrees WGS-84, metres. `certain` given, also as null: `fix` may be newer and less sure. */
export interface MapScene {
  home: { lat: number; lon: number } | null; fix: Fix | null; zones: Zone[]; track: TrackPoint[];
  certain?: Fix | null; moment?: Fix | null; places?: { lat: number; lon: number; radius_m: number }[];
  reach?: { lat: number; lon: number; radius_m: number } | null;
  /** Buildings in which others live, by their addresses. */
  houses?: { lat: number; lon: number; name: string }[];
  /** What the view is scaled to, where that is less than all: the way that somebody walks to and fro. */
  focus?: TrackPoint[];
}

/** A link to the live map; `id` null: the page of a message that somebody got. */
export interface MapLink {
  id: string | null; for: string; expires_at: number | null; state: "open" | "expired" | "revoked" | "ended";
  looks: { from_ms: number; to_ms: number; times: number }[];
}

/** What is known of where somebody is (`GET /api/v1/alarms/{id}/search`). Times in ms; null or absent: not known, or not to be shown. */
export interface Search {
  as_of: number; ended: boolean; end: { t: number; how: string } | null;
  alarm: { id: string; kind: string; rule: string; state: AlarmState; event_time: number; position?: Fix | null };
  home: { lat: number; lon: number } | null; left_at: number | null;
  track: { items: TrackPoint[]; cursor: number };
  last_fix: (TrackPoint & { age_ms: number }) | null;
  last_certain: (TrackPoint & { age_ms: number; at?: "home" | "place" | "way" | null }) | null;
  movement: { speed_mps: number | null; heading_deg: number | null; standing_ms: number; roaming: { from_ms: number; walked_m: number; within_m: number; turns: number } | null } | null;
  reach: { lat: number; lon: number; radius_m: number; since_ms: number; speed_mps: number; found_within_m?: { share: number; m: number }[] } | null;
  battery: { pct: number; charging: boolean | null; t: number } | null;
  devices: { id?: string; online?: boolean | null; heard_at: number | null; following?: { state: string; position_s: number; since_ms: number; failed?: string | null } | null }[];
  places: { lat: number; lon: number; radius_m: number }[]; places_known: boolean | null; zones: Zone[];
  responders?: { name: string; state: "going" | "there" | "cannot"; t: number }[]; links?: MapLink[];
  withheld?: boolean;
}

/** What a wrist felt around a fall; milli-g, null where nothing is known. */
export interface Trace {
  t0_ms: number; rate_hz: number; jolt_ms: number; jolts: number[];
  x_mg: (number | null)[]; y_mg: (number | null)[]; z_mg: (number | null)[];
}

/** A part of the page that needs a script; the signal fires when the part leaves the page. */
export type Component = (element: HTMLElement, signal: AbortSignal) => void;
