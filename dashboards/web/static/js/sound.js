// The desk's sounds, made here: a tone a severity, so that one knows before one looks.

/** @typedef {import("./types.js").Severity} Severity */

/** Muting is for a breath, not for a shift. */
export const MUTE_MS = 60_000;

/** Muted again so soon after a mute ended, it is one mute. */
const BREATH_MS = 10_000;

/** The sound's clock may stand still so long, between two looks at it too. */
const STALLED_MS = 5000;

/**
 * `notes` are [frequency in Hz, start in s, length in s]; `every` is the pause until it sounds again, ms.
 * @type {Record<"critical" | "high" | "medium" | "lost", {notes: [number, number, number][], gain: number, shape: OscillatorType, every: number}>}
 */
const TONES = {
  critical: { notes: [[988, 0, 0.16], [740, 0.18, 0.16], [988, 0.36, 0.16], [740, 0.54, 0.16], [988, 0.72, 0.3]], gain: 0.5, shape: "square", every: 2000 },
  high: { notes: [[784, 0, 0.2], [784, 0.28, 0.2], [1047, 0.56, 0.34]], gain: 0.5, shape: "triangle", every: 3500 },
  medium: { notes: [[523, 0, 0.25], [659, 0.3, 0.4]], gain: 0.16, shape: "sine", every: 12_000 },
  lost: { notes: [[330, 0, 0.25], [262, 0.3, 0.45]], gain: 0.4, shape: "triangle", every: 5000 },
};

/** @typedef {keyof typeof TONES} Tone */

/** @type {AudioContext | null} */
let context = null;
/** @type {Tone | null} */
let sounding = null;
let soundsAt = 0;
/** By a clock that nobody sets: a mute of a minute must not become one of an hour. */
let mutedSince = -Infinity;
let mutedUntil = -Infinity;
let movedAt = 0;
let movedTo = -1;

/** Played so far, for whoever asks whether it rang. @type {{tone: Tone, at: number}[]} */
export const played = [];

/** Make sound possible; browsers allow it from a click or a key only. @returns {Promise<boolean>} */
export async function unlock() {
  if (!context) {
    context = new AudioContext();
    context.onstatechange = () => document.dispatchEvent(new Event("sound-changed"));
  }
  if (context.state !== "running") await Promise.race([context.resume(), new Promise((done) => setTimeout(done, 400))]);
  beat();
  return isUnlocked();
}

export function isUnlocked() {
  return context?.state === "running";
}

/** Whether what is played comes out of the browser: allowed, and its clock runs on. @returns {boolean} */
export function isAudible() {
  return isUnlocked() && performance.now() - movedAt < STALLED_MS;
}

export function isMuted() {
  return performance.now() < mutedUntil;
}

/** Whether minute after minute was muted, so that it is no longer for a breath. @returns {boolean} */
export function isMutedForLong() {
  return isMuted() && performance.now() - mutedSince > MUTE_MS;
}

/** @returns {number} ms left */
export function mutedFor() {
  return Math.max(0, mutedUntil - performance.now());
}

/** Quiet for one minute at most, or end it: then it sounds at once. @param {boolean} wanted */
export function mute(wanted) {
  const now = performance.now();
  if (!wanted && !isMuted()) return;
  if (wanted && now - mutedUntil > BREATH_MS) mutedSince = now;
  mutedUntil = wanted ? now + MUTE_MS : Math.min(mutedUntil, now);
  if (!wanted) soundsAt = 0;
  beat();
}

/**
 * Play a tone once; a low alarm has none.
 * @param {Tone} tone
 */
export function play(tone) {
  if (!context || !isUnlocked() || isMuted()) return;
  const { notes, gain, shape } = TONES[tone];
  const start = context.currentTime + 0.02;
  for (const [frequency, offset, length] of notes) {
    const oscillator = context.createOscillator();
    const envelope = context.createGain();
    oscillator.type = shape;
    oscillator.frequency.value = frequency;
    envelope.gain.setValueAtTime(0.0001, start + offset);
    envelope.gain.exponentialRampToValueAtTime(gain, start + offset + 0.02);
    envelope.gain.exponentialRampToValueAtTime(0.0001, start + offset + length);
    oscillator.connect(envelope).connect(context.destination);
    oscillator.start(start + offset);
    oscillator.stop(start + offset + length + 0.02);
  }
  played.push({ tone, at: Date.now() });
  if (played.length > 100) played.shift();
}

/**
 * Sound again and again until told otherwise, from now on; null is silence.
 * @param {Tone | null} tone
 */
export function ring(tone) {
  if (tone === sounding) return;
  sounding = tone;
  soundsAt = 0;
  beat();
}

/** Sound if it is time to, and see whether the sound's clock still runs. Called at each beat of the console. */
export function beat() {
  const now = performance.now();
  if (context && context.currentTime !== movedTo) {
    movedTo = context.currentTime;
    movedAt = now;
  }
  if (!sounding || !isUnlocked() || isMuted() || now < soundsAt) return;
  soundsAt = now + TONES[sounding].every;
  play(sounding);
}

/**
 * What a list of severities of untaken alarms sounds like: the worst speaks.
 * @param {Severity[]} severities
 * @returns {Tone | null}
 */
export function toneFor(severities) {
  for (const tone of /** @type {const} */ (["critical", "high", "medium"])) if (severities.includes(tone)) return tone;
  return null;
}
