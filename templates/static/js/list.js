// Lists: keys that walk their rows, and an address that always names the filters in use.
if (!$("#detail")) {
  const links = () => all(".list tbody th a");
  const step = (by) => () => next(links(), document.activeElement.closest("th a"), by)?.focus();
  Object.assign(keys, {
    j: step(1),
    k: step(-1),
    "]": () => $("a[rel=next]")?.click(),
    "[": () => $("a[rel=prev]")?.click(),
  });
}

// Back then brings the page of before.
document.addEventListener("htmx:after:request", (event) => {
  const form = event.target.closest?.("[data-filters]");
  if (!form) return;
  const values = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  history.replaceState(history.state, "", values.size ? "?" + values : location.pathname);
});
