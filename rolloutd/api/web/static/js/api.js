// The control API, and nothing about how it is shown.

import * as clock from "./clock.js";

const BASE = "api/v1/";

/** An answer that is not 2xx, or none (`status` 0). `message` is a sentence for people. */
export class Refusal extends Error {
  constructor(status, kind, message) {
    super(message);
    this.status = status;
    this.kind = kind;
  }
}

/** The path of a rollout `namespace/name`, or of something below it. */
export function below(key, ...parts) {
  return ["rollouts", ...key.split("/"), ...parts].map(encodeURIComponent).join("/");
}

/** Ask; returns the parsed body, or null when there is none. Throws `Refusal`. */
export async function call(path, { method = "GET", body, headers = {}, patience = 10 } = {}) {
  const options = { method, headers: { "X-Rolloutd": "1", ...headers }, cache: "no-store" };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  options.signal = AbortSignal.timeout(patience * 1000);
  const sent = Date.now();
  let answer;
  let text;
  try {
    answer = await fetch(BASE + path, options);
    clock.learn(answer.headers.get("Date"), sent, Date.now());
    text = await answer.text();
  } catch (error) {
    if (error.name === "TimeoutError") {
      throw new Refusal(0, "no-answer", `No answer within ${patience} s.`);
    }
    throw new Refusal(0, "no-answer", "The daemon does not answer.");
  }
  const parsed = parse(text);
  if (answer.ok) return parsed;
  const kind = (parsed?.type ?? "").split(":").pop();
  throw new Refusal(answer.status, kind, parsed?.detail ?? `HTTP ${answer.status}`);
}

/** Like `call`, but null where this daemon has no such thing. */
export async function callIfAny(path) {
  try {
    return await call(path);
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return null;
    throw error;
  }
}

/** Give an order. The same `key` twice is one order. */
export function order(rollout, verb, key, body) {
  const headers = { "Idempotency-Key": key };
  // Longer than the daemon itself waits for the cluster: its own words beat a timeout here.
  return call(below(rollout, verb), { method: "POST", body, headers, patience: 15 });
}

/** Follow the events. */
export function follow() {
  return new EventSource(`${BASE}events`);
}

/** 128 random bits, also where the page is not served over TLS. */
export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function parse(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null; // a proxy's page: the status says enough
  }
}
