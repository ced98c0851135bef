// What every page has: short words for finding elements, the help, and the table of keys that other scripts add to.
const $ = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];
const keys = {};

for (const hidden of all(".keyed")) hidden.hidden = false;

/** The row beside `from` in the direction `by`, or the first from that end. */
const next = (rows, from, by, fits = () => true) => {
  let place = from ? rows.indexOf(from) : by > 0 ? -1 : rows.length;
  do place += by; while (rows[place] && !fits(rows[place]));
  return rows[place];
};

/** A click that asks for nothing but to follow the link here. */
const plain = (event) => !(event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);

addEventListener("click", (event) => {
  if (!plain(event) || !event.target.closest("[data-help]")) return;
  event.preventDefault();
  $("#help").showModal();
});

// Whoever speaks to the browser, or hits keys by accident, can switch the letters off; the browser remembers it.
const letters = $("[data-letters]");
letters.checked = localStorage.getItem("letters") !== "off";
letters.addEventListener("change", () => localStorage.setItem("letters", letters.checked ? "on" : "off"));

// `g` and the letter of a section lead there.
let going = 0;
const go = (letter) => {
  const now = performance.now() < going && $(`[data-go="${CSS.escape(letter)}"]`);
  going = 0;
  now?.click?.();
  return now;
};
Object.assign(keys, {
  g: () => { going = performance.now() + 1500; },
  "/": () => $("main input[type=search]")?.focus(),
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input, textarea, select, dialog *")) return;
  if (event.key.length === 1 && !letters.checked) return;
  if (going && go(event.key)) return event.preventDefault();
  if (event.key === " " && event.target.matches?.("button, summary")) return;
  if (event.key === "?") return $("#help").showModal();
  const does = keys[event.key];
  if (!does) return;
  if (event.key !== "Escape") event.preventDefault();
  does();
});
