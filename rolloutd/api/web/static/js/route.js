// Addresses: `#/`, `#/namespace/name`, `#/namespace/name/runs/12`.

/** What the address asks for: `{ key, run }`, each null when it is not named. */
export function where() {
  const [, namespace, name, runs, run] = location.hash.split("/").map(decode);
  const key = namespace && name ? `${namespace}/${name}` : null;
  const number = runs === "runs" && /^\d+$/.test(run ?? "") ? Number(run) : null;
  return { key, run: key ? number : null };
}

export function toRollout(key) {
  return `#/${key.split("/").map(encodeURIComponent).join("/")}`;
}

export function toRun(key, run) {
  return `${toRollout(key)}/runs/${run}`;
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // typed by hand
  }
}
