// Columns of numbers over time: given by the daemon, or gathered from what it says by and by.

const LONGEST = 1800; // seconds
const KINDS = ["canary", "stable", "limit", "ruling"];

export function empty() {
  return { at: [], desiredPercent: [], observedRatio: [], gates: {} };
}

/** Return the series with one more row: what a rollout says now. Nothing when it said it before. */
export function extended(series, full) {
  const at = Date.parse(full.seenAt) / 1000;
  if (series.at.length && at <= series.at.at(-1)) return series;
  const from = series.at.findIndex((time) => time >= at - LONGEST);
  const kept = (column) => (from > 0 ? column.slice(from) : [...column]);
  const said = new Map(full.gates.map((gate) => [gate.gate, gate]));
  const gates = {};
  for (const name of new Set([...Object.keys(series.gates), ...said.keys()])) {
    const [before, gate] = [series.gates[name], said.get(name)];
    gates[name] = { unit: gate?.unit || before?.unit || "" };
    for (const kind of KINDS) {
      const column = before?.[kind] ?? series.at.map(() => null);
      gates[name][kind] = [...kept(column), gate?.[kind] ?? null];
    }
  }
  return {
    at: [...kept(series.at), at],
    desiredPercent: [...kept(series.desiredPercent), full.split.desiredPercent],
    observedRatio: [...kept(series.observedRatio), full.split.observedRatio],
    gates,
  };
}

/** Where the order of traffic changed: `[{ at, label }]`, seconds. */
export function steps(timeline) {
  let last = null;
  const found = [];
  for (const line of timeline) {
    if (line.weightPercent !== last) {
      found.push({ at: Date.parse(line.at) / 1000, label: `${line.weightPercent} %` });
    }
    last = line.weightPercent;
  }
  return found;
}

/** Stretches of time in which a gate was not content: `[{ from, to, ruling }]`, seconds. */
export function bands(at, rulings) {
  const found = [];
  rulings.forEach((ruling, index) => {
    if (ruling !== "rollback" && ruling !== "suspect") return;
    const last = found.at(-1);
    if (last && last.ruling === ruling && last.end === index - 1) {
      Object.assign(last, { end: index, to: at[index] });
    } else {
      found.push({ from: at[Math.max(0, index - 1)], to: at[index], ruling, end: index });
    }
  });
  return found;
}

/** Marks that are to be seen; what was ordered before the first sample stands at its side. */
export function within(marks, { min, max }) {
  const first = Math.max(0, marks.findLastIndex(({ at }) => at <= min));
  const seen = marks.slice(first).filter(({ at }) => at <= max);
  return seen.map(({ at, label }) => ({ at: Math.max(at, min), label }));
}
