// What the daemon's answers mean to a person. Pure: no page, no network, no clock.

/** Glyphs carry the state beside the colour; U+FE0E keeps them from becoming emoji. */
const STATES = {
  loading: { glyph: "…", tone: "idle", label: "Loading", rank: 7 },
  rolledBack: { glyph: "✕", tone: "bad", label: "Rolled back", rank: 0 },
  trouble: { glyph: "!", tone: "bad", label: "Cannot write", rank: 1 },
  suspect: { glyph: "◆", tone: "warn", label: "Suspect", rank: 2 },
  blind: { glyph: "?", tone: "warn", label: "Blind", rank: 3 },
  paused: { glyph: "❚❚", tone: "warn", label: "Paused", rank: 4 },
  held: { glyph: "▶\uFE0E", tone: "info", label: "Holding", rank: 5 },
  progressing: { glyph: "▶\uFE0E", tone: "info", label: "Holding", rank: 6 },
  waiting: { glyph: "–", tone: "idle", label: "Waiting", rank: 8 },
  aborted: { glyph: "⊘", tone: "idle", label: "Aborted", rank: 9 },
  promoted: { glyph: "✓\uFE0E", tone: "good", label: "Promoted", rank: 10 },
};

export const STALE = { glyph: "?", tone: "lost", label: "Stale", rank: 0 };

const ATTENTION = 4; // ranks up to here need a person

export function keyOf({ namespace, name }) {
  return `${namespace}/${name}`;
}

/** Name the state that a summary shows. */
export function stateOf(summary) {
  return STATES[stateName(summary)];
}

/** How a state looks: without promise when it may be old. */
export function looksOf(summary, stale) {
  const looks = stateOf(summary);
  return stale ? { ...looks, ...STALE, label: `last known: ${looks.label}` } : looks;
}

function stateName({ phase, suspect, rulings, obstacles, trouble }) {
  if (phase === null) return "loading";
  if (phase === "rolledBack") return phase;
  if (trouble) return "trouble";
  if (phase !== "progressing" && phase !== "paused") return phase;
  // A shadow gate is no obstacle, so it alone makes nothing look bad.
  const says = (ruling) => obstacles.length > 0 && Object.values(rulings).includes(ruling);
  if (suspect || says("suspect")) return "suspect";
  if (says("blind")) return "blind";
  if (phase === "paused") return "paused";
  return obstacles.length ? "held" : "progressing";
}

export function needsAttention(summary) {
  return stateOf(summary).rank <= ATTENTION;
}

/** Worst first, then by name. */
export function worstFirst(summaries) {
  return [...summaries].sort(
    (one, other) =>
      stateOf(one).rank - stateOf(other).rank || keyOf(one).localeCompare(keyOf(other)),
  );
}

export const RULINGS = {
  fine: { glyph: "✓\uFE0E", tone: "good", label: "fine" },
  hold: { glyph: "…", tone: "idle", label: "not yet" },
  suspect: { glyph: "◆", tone: "warn", label: "suspect" },
  rollback: { glyph: "✕", tone: "bad", label: "breach" },
  blind: { glyph: "?", tone: "warn", label: "blind" },
};

const CLOSE = 0.2; // of the room left

/** A gate's verdict; fine but near the limit is told apart. */
export function verdictOf(gate) {
  const ruling = RULINGS[gate.ruling];
  if (gate.ruling !== "fine") return ruling;
  // Judged by evidence, not by the value alone: both arms may suffer, and few requests prove little.
  if (roomOf(gate) < 0) {
    const shared = gate.unit && gate.stable !== null && roomOf({ ...gate, canary: gate.stable }) < 0;
    return { ...ruling, tone: "warn", label: shared ? "over, so is stable" : "over, maybe by chance" };
  }
  if (gate.room !== null && gate.room < CLOSE) {
    return { ...ruling, tone: "warn", label: "close to limit" };
  }
  return gate.certified ? { ...ruling, label: "fine, certified" } : ruling;
}

/** On which side of its limit a gate's value is to be: success above, duration below. */
export function mustExceed({ unit, canary, limit, room }) {
  if (unit === "ratio") return true;
  if (unit === "ms" || canary === null || room === null) return false;
  return canary > limit === room > 0;
}

/** How far the canary is from its limit, in the gate's unit; negative beyond it. */
export function roomOf(gate) {
  if (gate.canary === null || gate.limit === null) return null;
  return mustExceed(gate) ? gate.canary - gate.limit : gate.limit - gate.canary;
}

const ENDED = new Set(["promoted", "rolledBack", "aborted"]);
const ACTIVE = new Set(["progressing", "paused"]);

export function isActive({ phase }) {
  return ACTIVE.has(phase);
}

export function hasEnded({ phase }) {
  return ENDED.has(phase);
}

/** Whether nothing is known of the traffic now, so that what was counted is of before. */
export function isBlind({ gates }) {
  return gates.length > 0 && gates.every(({ ruling }) => ruling === "blind");
}

/** How each step of a plan stands: done, now, failed, ahead. */
export function stepStands(full) {
  return full.steps.map((_, index) => {
    if (full.phase === "promoted" || (full.step !== null && index < full.step)) return "done";
    if (full.phase === null || full.phase === "waiting" || index > full.step) return "ahead";
    return ENDED.has(full.phase) ? "failed" : "now";
  });
}

/** The index of the step after the present one; null when the run is through. */
export function nextStep({ steps, step, split }) {
  const present = split.desiredPercent ?? 0;
  for (let index = (step ?? -1) + 1; index < steps.length; index += 1) {
    const { weightPercent } = steps[index];
    if (weightPercent === null || weightPercent >= present) return index;
  }
  return null;
}
