// What a person may ask of a rollout now, what the button says, and what it will do.

import { nextStep } from "./model.js";

const FITS = {
  waiting: ["start", "rollback"],
  progressing: ["pause", "skip", "promote", "rollback"],
  paused: ["resume", "skip", "promote", "rollback"],
  promoted: ["rollback"],
  rolledBack: ["retry"],
  aborted: ["retry"],
};

const ORDERS = {
  start: { glyph: "▶\uFE0E", label: () => "Start", style: "main", effect: started },
  pause: { glyph: "❚❚", label: () => "Pause", key: "p", effect: paused },
  resume: { glyph: "▶\uFE0E", label: () => "Resume", style: "main", key: "p", effect: resumed },
  skip: { glyph: "»", label: skipLabel, style: "main", key: "s", effect: skipped },
  promote: { glyph: "⇥", label: () => "Promote fully", effect: promoted },
  rollback: { glyph: "↺", label: undoLabel, style: "danger", key: "b", effect: undone },
  retry: { glyph: "↻", label: () => "Retry", style: "main", effect: retried },
};

// What else the daemon declines while the annotation on the VirtualService is there.
const UNDER_THE_ANNOTATION = ["rollback"];

/** The orders that fit a rollout's state, in the order of the buttons. */
export function ordersFor(full) {
  const isAnnotated = full.pause?.cause === "handsOff";
  const fitting = isAnnotated ? UNDER_THE_ANNOTATION : (FITS[full.phase] ?? []);
  return fitting.map((verb) => {
    const { glyph, label, style = "plain", key = null } = ORDERS[verb];
    // One button at most stands out: what would come next anyway.
    const quiet = verb === "skip" && full.phase === "paused";
    return { verb, glyph, label: label(full), style: quiet ? "plain" : style, key };
  });
}

/** What an order will do, in sentences. */
export function effectOf(verb, full) {
  return ORDERS[verb].effect(full);
}

/** Why this person may not give an order; empty when he may. */
export function forbidden(session, verb) {
  if (!session || session.verbs.includes(verb)) return "";
  return `You are a ${session.role}: orders take an operator.`;
}

/** Body of an order. A rollback is for whatever step the rollout is at. */
export function bodyOf(verb, reason, step) {
  const body = { reason };
  if (verb !== "rollback" && step !== null) body.expectedStep = step;
  if (verb === "promote") body.full = true;
  return body;
}

function weight(full) {
  return full.split.desiredPercent ?? 0;
}

function nextWeight(full) {
  const index = nextStep(full);
  return index === null ? 100 : full.steps[index].weightPercent;
}

function skipLabel(full) {
  const next = nextWeight(full);
  const what = full.phase === "paused" ? "Skip" : "Skip hold";
  return next === null ? "Skip to the pause" : `${what} → ${next} %`;
}

function undoLabel(full) {
  return full.phase === "waiting" ? "Cancel" : "Roll back";
}

function firstWeight(full) {
  return full.steps.find((step) => step.weightPercent !== null)?.weightPercent ?? 0;
}

function started(full) {
  return `The canary gets ${firstWeight(full)} % of the traffic at once.`;
}

function paused(full) {
  return `The canary stays at ${weight(full)} % until someone resumes. The gates keep judging: a breach still rolls back.`;
}

function resumed(full) {
  const next = nextWeight(full);
  const then = next === null ? "a pause" : `${next} %`;
  return `The rollout goes on at ${weight(full)} % with the hold that was left; then comes ${then}.`;
}

function skipped(full) {
  const next = nextWeight(full);
  if (next === null) return "The rollout enters the plan's next pause at once.";
  return `The canary goes from ${weight(full)} % to ${next} % of the traffic at once, without the rest of the hold.`;
}

function promoted(full) {
  const left = full.steps.length - 1 - (full.step ?? 0);
  const steps = left === 1 ? "1 step and its checks are" : `${left} steps and their checks are`;
  return `The canary gets 100 % of the traffic at once; ${left > 0 ? `${steps} skipped` : "the hold is cut short"}.`;
}

function undone(full) {
  if (full.phase === "waiting") return "The run is cancelled before it begins; no traffic moves.";
  return `Stable gets 100 % of the traffic at once; the canary's ${weight(full)} % ends and so does the run.`;
}

function retried(full) {
  return `Run ${(full.run ?? 0) + 1} begins: ${firstWeight(full)} % of the traffic goes to the canary once it is ready.`;
}
