// A session that runs: a turn that changes is drawn anew where it stands; a new one is offered, so that nothing moves
// under who reads.
const changed = new Set();
let renewing = false;

/** The page of this session with this turn whole, in the same view. */
const withTurn = (trace) => {
  const address = new URL(location.href);
  for (const name of ["step", "hit", "from"]) address.searchParams.delete(name);
  address.searchParams.set("turn", trace);
  address.hash = "t" + trace;
  return address;
};

const offer = (address) => {
  if ($(".arrived")) return;
  const link = Object.assign(document.createElement("a"), { href: address, textContent: "New turn arrived – show" });
  const box = Object.assign(document.createElement("p"), { className: "arrived", role: "status" });
  box.append(link);
  $("main").append(box);
};

/** Puts the fresh turn in the old one's place: what is open, marked or focused stays so, and what is read where it is. */
const exchange = (old, fresh) => {
  const focused = old.contains(document.activeElement) && (document.activeElement.closest("[id]")?.id ?? old.id);
  // Where the turn begins in sight it grows downwards; else the first step in sight must not move.
  const begins = old.getBoundingClientRect().top >= 0;
  const seen = begins ? null : [...old.querySelectorAll(".r[id]")].find((row) => row.getBoundingClientRect().bottom > 0);
  const top = seen?.getBoundingClientRect().top;
  const root = document.documentElement.style;
  if (seen) root.overflowAnchor = "none";
  const marked = old.querySelector(".r.cur")?.id;
  fresh.open = old.open;
  old.replaceWith(fresh);
  htmx.process(fresh);
  if (marked) document.getElementById(marked)?.classList.add("cur");
  if (focused) document.getElementById(focused)?.querySelector("a, summary")?.focus({ preventScroll: true });
  const now = seen && document.getElementById(seen.id);
  if (now) scrollBy(0, now.getBoundingClientRect().top - top);
  requestAnimationFrame(() => { root.overflowAnchor = ""; });
};

const renew = async (trace) => {
  const address = withTurn(trace);
  const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  if (answer?.redirected) return location.reload();
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of [".head > p", ".figures", ".strip"]) {
    const [old, now] = [$(part), fresh.querySelector(part)];
    if (old && now) old.replaceWith(now);
  }
  const [old, now] = [document.getElementById("t" + trace), fresh.getElementById("t" + trace)];
  if (!old) offer(address);
  else if (now) exchange(old, now);
};

const renewAll = async () => {
  if (renewing) return;
  renewing = true;
  while (changed.size) {
    const [trace] = changed;
    changed.delete(trace);
    await renew(trace);
    await new Promise((done) => setTimeout(done, 1000));
  }
  renewing = false;
};

const runs = $("#detail") && $("[data-running]");
if (runs) {
  const hear = (traces) => {
    for (const trace of traces.split(" ")) changed.add(trace);
    renewAll();
  };
  follow(runs.dataset.running, { turns: hear, done: () => hear(all("details.turn").at(-1).id.slice(1)) }, () => {});
}
