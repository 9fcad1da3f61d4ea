// The tab's title and icon: the state, for those who look at another tab.

const COLOURS = {
  bad: "#b3141c",
  warn: "#8a4b00",
  info: "#0b5fd0",
  good: "#0b7a33",
  idle: "#55606f",
  lost: "#55606f",
};

let shown = "";

/** Show a state: its glyph on its colour, and a title. */
export function showTab({ glyph, tone }, title) {
  document.title = title;
  if (shown === glyph + tone) return;
  shown = glyph + tone;
  const icon =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">` +
    `<rect width="32" height="32" rx="7" fill="${COLOURS[tone]}"/>` +
    `<text x="16" y="23" text-anchor="middle" font-family="sans-serif" font-size="20" ` +
    `fill="#fff">${glyph}</text></svg>`;
  document.getElementById("favicon").href = `data:image/svg+xml,${encodeURIComponent(icon)}`;
}
