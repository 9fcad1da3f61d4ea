// Run in the page: every text and every edge of a control, with the contrast that it needs and
// the contrast that it has (WCAG 2.2, 1.4.3 and 1.4.11).
() => {
  const channels = (text) => text.match(/[\d.]+/g).map(Number);
  const light = (channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  const luminance = ([red, green, blue]) =>
    0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const paint = channels(getComputedStyle(one).backgroundColor);
      if (paint.length === 3 || paint[3] === 1) return paint;
    }
    return [255, 255, 255];
  };
  const ratio = (one, other) => {
    const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const words = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const { color, borderTopColor, borderTopStyle } = getComputedStyle(element);
    const control = element.matches("button, input, select") && !element.disabled;
    const name = `${element.tagName}.${element.className} ${element.textContent.trim().slice(0, 30)}`;
    if (!element.checkVisibility()) continue;
    if (words) found.push([name, 4.5, ratio(channels(color), ground(element))]);
    if (control && borderTopStyle !== "none") {
      const edge = ratio(channels(borderTopColor), ground(element.parentElement));
      found.push([`edge of ${name}`, 3, edge]);
    }
  }
  return found;
}