// Is what we show still so? Data that may be old is never shown as if it were not.

import * as clock from "./clock.js";
import { isActive } from "./model.js";
import { span } from "./words.js";

const INTERVALS = 2;
const IDLE = 5; // s: without samples the daemon takes a turn at least this often
const SLACK = 2; // s for the way from there to here

/** Seconds between two looks of the daemon at the shown rollout. */
export function intervalOf(state) {
  return state.full?.intervalSeconds ?? 5;
}

/** Seconds between our questions: twice an interval, so that one lost answer is not an alarm. */
export function pace(state) {
  return Math.min(5, Math.max(0.5, intervalOf(state) / 2));
}

/** Seconds since the last answer. */
export function age(state) {
  return (Date.now() - state.heard) / 1000;
}

/** Why what is shown may be old, a sentence; empty while it is fresh. */
export function staleness(state) {
  if (!state.loaded) return state.trouble;
  if (state.trouble) return state.trouble;
  if (!state.connected) return "The connection to the daemon is lost.";
  const interval = intervalOf(state);
  if (age(state) > Math.max(INTERVALS * interval, SLACK + 1)) {
    return `The daemon has not answered for ${span(age(state))}.`;
  }
  if (state.full && isActive(state.full)) {
    const unseen = (clock.now() - Date.parse(state.full.seenAt)) / 1000;
    if (unseen > Math.max(INTERVALS * interval, IDLE + SLACK)) {
      return `The daemon has not looked at this rollout for ${span(unseen)}.`;
    }
  }
  return "";
}
