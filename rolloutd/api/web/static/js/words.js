// Numbers and times in words.

const PARTS = [
  ["d", 86400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
];

/** A time span in seconds: `1 h 30 m`, `2 m 10 s`, `0 s`. */
export function span(seconds) {
  let left = Math.max(0, Math.floor(seconds));
  const said = [];
  for (const [unit, size] of PARTS) {
    const amount = Math.floor(left / size);
    left -= amount * size;
    if (amount || said.length) said.push([amount, unit]);
    if (said.length === 2) break;
  }
  const words = said.filter(([amount]) => amount).map(([amount, unit]) => `${amount}\u00a0${unit}`);
  return words.join(" ") || "0\u00a0s";
}

/** A time span as a clock: `7:50`, `1:02:03`. */
export function stopwatch(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [whole / 3600, (whole / 60) % 60, whole % 60].map(Math.floor);
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

const HALF_A_DAY = 12 * 3600_000;

/** The time of day, with the date in front where that could be mistaken. Both are in ms. */
export function moment(at, now) {
  const time = TIME.format(at);
  return Math.abs(at - now) < HALF_A_DAY ? time : `${DAY.format(at)} ${time}`;
}

/** A share of traffic, 0 to 1, in percent. */
export function share(ratio) {
  return `${trim(ratio * 100, 1)}\u00a0%`;
}

/** A gate's value in its unit. */
export function amount(value, unit) {
  if (value === null || value === undefined) return "–";
  if (unit === "ratio") return `${(value * 100).toFixed(2)}\u00a0%`;
  if (unit === "ms") return `${trim(value, Math.abs(value) < 10 ? 1 : 0)}\u00a0ms`;
  return trim(value, Math.abs(value) < 10 ? 3 : 1);
}

/** A distance between two values of a gate. */
export function distance(value, unit) {
  if (unit === "ratio") return `${trim(value * 100, 2)}\u00a0pp`;
  return amount(value, unit);
}

/** A sentence of the daemon's, whose numbers stay in one piece: `2 200`, `0.5 %`, `10 ms`. */
export function unbroken(sentence) {
  return sentence.replace(/(\d) (?=\d{3}(?!\d)|%|(?:ms|pp|[dhms])\b)/g, "$1\u00a0");
}

export function count(number) {
  return number.toLocaleString("en").replaceAll(",", "\u202f");
}

function trim(number, digits) {
  return String(Number(number.toFixed(digits)));
}

/** Round numbers along an axis, with as many digits as tell them from each other. */
export function ticks(values, unit) {
  const [factor, sign] = unit === "ratio" ? [100, " %"] : [1, unit === "ms" ? " ms" : ""];
  const gap = values.length > 1 ? Math.abs(values[1] - values[0]) * factor : 0.01;
  const digits = digitsFor(gap);
  return values.map((value) => (value === null || value === undefined ? "–" : `${(value * factor).toFixed(digits)}${sign}`));
}

/** As many digits as round numbers at this distance from each other have. */
function digitsFor(gap) {
  const whole = (number) => number > 0.99 && Math.abs(number - Math.round(number)) < 1e-6;
  const digits = [0, 1, 2, 3].find((each) => whole(gap * 10 ** each));
  return digits ?? 4;
}
