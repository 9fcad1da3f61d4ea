// What the page knows. Changed in one place, shown from one place.

export const state = {
  session: null, // { user, role, verbs }; null where this daemon does not tell
  login: null, // { error, busy } while somebody must say who he is
  rollouts: new Map(), // Summary by key
  complaints: [], // about plan files
  cluster: "", // what people call it
  replica: "", // host of the one that told of the list
  standby: "", // why a replica that does not lead knows less
  loaded: false, // the list has come once
  key: null, // the rollout that is shown
  chosen: false, // by the address; otherwise it is simply the worst
  full: null,
  missing: false, // there is no such rollout
  series: null,
  runs: null, // of that rollout, newest first
  run: null, // number of the past run that is shown
  frozen: null, // that run
  connected: false, // events flow
  heard: 0, // local ms of the last answer
  trouble: "", // why the last question was not answered
  search: "",
  phase: "",
  told: "", // whose lines of the timeline: "" all, "people", "daemon"
  copied: "", // the address that was copied a moment ago
  order: null, // the order being confirmed
  help: false,
};

let show = () => {};
let due = false;

/** Say who shows the state. */
export function shownBy(render) {
  show = render;
}

/** Change the state; it is shown soon after, once for many changes. */
export function change(changes) {
  Object.assign(state, changes);
  if (due) return;
  due = true;
  // Not requestAnimationFrame: the tab's title and icon must follow in the background, too.
  setTimeout(() => {
    due = false;
    show(state);
  }, 20);
}
