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
  staff: Record<string, string>;
}

export interface RoleLine {
  role: string; state: "starting" | "ready" | "restarting" | "stopped"; restarts: number; at: number; advice: string | null;
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
}

export interface Zone {
  name: string; circle?: { lat: number; lon: number; radius_m: number } | null; polygon?: [number, number][] | null;
}

/** What a map is drawn from. Degrees WGS-84, metres. */
export interface MapScene {
  home: { lat: number; lon: number } | null; fix: Fix | null; zones: Zone[]; track: { lat: number; lon: number; t: number }[];
}

/** A part of the page that needs a script; the signal fires when the part leaves the page. */
export type Component = (element: HTMLElement, signal: AbortSignal) => void;
