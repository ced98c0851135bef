// The Live page: steps come on top while one looks at the top, and wait while one reads.
const MOST_ROWS = 500;
const FAR = 80;
let leave = () => {};
const number = (value) => value.toLocaleString("en");

const tail = (box) => {
  const list = box.querySelector("tbody");
  const [says, button, jump] = ["says", "pause", "jump"].map((name) => box.querySelector(`[data-${name}]`));
  const waiting = new Map();
  const paused = new Set();
  const why = { key: "Paused.", scroll: "Paused while you read further down.", focus: "Paused while a step has the focus." };
  let state = "connecting";
  let [missed, gap, left] = [0, false, 0];

  const tell = () => {
    const reason = ["key", "scroll", "focus"].find((name) => paused.has(name));
    const words =
      state === "connecting" ? "Connecting…"
      : state === "disconnected" ? "Disconnected. Trying again…"
      : reason ? why[reason]
      : state === "gap" ? "Following again, with a gap: more arrived meanwhile than is shown."
      : "Following: new steps appear on top.";
    const said = left ? `${words} ${number(left)} not shown in all.` : words;
    if (says.textContent !== said) says.textContent = said;
    button.textContent = paused.size ? "Follow" : "Pause";
    button.hidden = false;
    jump.hidden = !reason;
    if (reason) jump.textContent = `${number(waiting.size)} waiting – jump to newest`;
    box.dataset.state = state === "connected" && reason ? "paused" : state;
  };

  const note = (at, words) => {
    const row = list.ownerDocument.createElement("tr");
    row.dataset.at = at;
    row.append(Object.assign(document.createElement("td"), { colSpan: 5, textContent: words }));
    return row;
  };

  // A late step belongs where it was written, not on top.
  const put = (row) => {
    const shown = row.id && document.getElementById(row.id);
    if (shown) return shown.replaceWith(row);
    let below = list.firstElementChild;
    while (below && +below.dataset.at > +row.dataset.at) below = below.nextElementSibling;
    list.insertBefore(row, below);
  };

  const flush = () => {
    if (paused.size || !(waiting.size || missed || gap)) return;
    list.querySelector("[data-nothing]")?.remove();
    const at = waiting.size ? waiting.values().next().value.dataset.at : list.firstElementChild?.dataset.at ?? 0;
    if (missed) put(note(at, `${number(missed)} steps not shown: more arrived than fit here.`));
    if (gap) put(note(at, "A gap: of what arrived here only the newest is shown."));
    left += missed;
    [missed, gap] = [0, false];
    for (const row of waiting.values()) put(row);
    waiting.clear();
    for (let over = list.querySelectorAll("[id]").length - MOST_ROWS; over > 0; list.lastElementChild.remove()) {
      if (list.lastElementChild.id) over--;
    }
  };

  const arrive = (html) => {
    const sent = document.createElement("template");
    sent.innerHTML = html;
    for (const row of [...sent.content.children].reverse()) {
      const shown = document.getElementById(row.id);
      if (shown) row.dataset.at = shown.dataset.at;
      waiting.delete(row.id);
      if (!shown?.isEqualNode(row)) waiting.set(row.id, row);
    }
    while (waiting.size > MOST_ROWS) {
      waiting.delete(waiting.keys().next().value);
      missed++;
    }
    flush();
    tell();
  };

  const pause = (reason, on) => {
    if (on === paused.has(reason)) return;
    paused[on ? "add" : "delete"](reason);
    if (on && state === "gap") state = "connected";
    flush();
    tell();
  };

  const toNewest = () => {
    if (list.contains(document.activeElement)) document.activeElement.blur();
    scrollTo(0, 0);
    paused.clear();
    flush();
    tell();
  };
  const turn = () => (paused.size ? toNewest() : pause("key", true));
  const scrolled = () => pause("scroll", scrollY > FAR);

  Object.assign(keys, {
    " ": () => turn(),
    ".": () => toNewest(),
  });
  button.addEventListener("click", turn);
  jump.addEventListener("click", toNewest);
  list.addEventListener("focusin", () => pause("focus", true));
  list.addEventListener("focusout", (event) => pause("focus", list.contains(event.relatedTarget)));
  addEventListener("scroll", scrolled, { passive: true });
  const stop = follow(
    box.dataset.tail,
    {
      steps: arrive,
      missed: (more) => {
        missed += +more;
        flush();
        tell();
      },
      gap: () => {
        [gap, state] = [true, "gap"];
        flush();
        tell();
      },
    },
    (now) => {
      if (now !== "connected" || state !== "gap") state = now;
      tell();
    },
  );
  leave = () => {
    stop();
    removeEventListener("scroll", scrolled);
  };
  scrolled();
};

const begin = () => {
  const box = $("[data-tail]");
  if (box?.dataset.state) return;
  leave();
  if (box) tail(box);
};

if ($(".tail")) {
  begin();
  // The filters bring another list with another stream.
  document.addEventListener("htmx:after:swap", begin);
}
