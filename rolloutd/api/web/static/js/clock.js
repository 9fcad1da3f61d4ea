// The daemon's time. Countdowns and ages must not depend on how a laptop's clock is set.

let earliest = -Infinity; // bounds of (server time - local time), in ms
let latest = Infinity;

/** Learn from a `Date` header: the server's time, cut to whole seconds, between two moments. */
export function learn(header, sent, received) {
  const stamp = Date.parse(header ?? "");
  if (Number.isNaN(stamp)) return;
  const low = stamp - received;
  const high = stamp + 1000 - sent;
  if (low > latest || high < earliest) {
    // One of the clocks was set: what was known of them is void.
    [earliest, latest] = [low, high];
  } else {
    [earliest, latest] = [Math.max(earliest, low), Math.min(latest, high)];
  }
}

/** The server's time now, in ms since 1970. */
export function now() {
  const known = Number.isFinite(earliest) && Number.isFinite(latest);
  return Date.now() + (known ? (earliest + latest) / 2 : 0);
}
