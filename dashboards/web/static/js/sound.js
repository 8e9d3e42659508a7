// The desk's sounds, made here: a tone a severity, so that one knows before one looks.

/** @typedef {import("./types.js").Severity} Severity */

/** Muting is for a breath, not for a shift. */
export const MUTE_MS = 60_000;

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
let timer = 0;
let mutedUntil = 0;

/** Played so far, for whoever asks whether it rang. @type {{tone: Tone, at: number}[]} */
export const played = [];

/** Make sound possible; browsers allow it from a click or a key only. @returns {Promise<boolean>} */
export async function unlock() {
  context ??= new AudioContext();
  if (context.state !== "running") await Promise.race([context.resume(), new Promise((done) => setTimeout(done, 400))]);
  return isUnlocked();
}

export function isUnlocked() {
  return context?.state === "running";
}

export function isMuted() {
  return Date.now() < mutedUntil;
}

/** @returns {number} ms left */
export function mutedFor() {
  return Math.max(0, mutedUntil - Date.now());
}

/** Quiet for one minute at most, or end it. @param {boolean} wanted */
export function mute(wanted) {
  mutedUntil = wanted ? Date.now() + MUTE_MS : 0;
}

/**
 * Play a tone once; a low alarm has none.
 * @param {Tone} tone
 */
export function play(tone) {
  if (!context || isMuted()) return;
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
 * Sound again and again until told otherwise; null is silence.
 * @param {Tone | null} tone
 */
export function ring(tone) {
  if (tone === sounding) return;
  sounding = tone;
  clearTimeout(timer);
  if (tone) again(tone);
}

/** @param {Tone} tone */
function again(tone) {
  play(tone);
  timer = setTimeout(() => again(tone), TONES[tone].every);
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
