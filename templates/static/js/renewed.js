// What renews itself waits while a person reads something opened, or fills in a form; it never shows a login page.
const held = (live) => document.hidden || live.querySelector("details[open]") || document.activeElement.closest?.("[data-live] form");
for (const name of ["htmx:before:request", "htmx:before:swap"]) {
  document.addEventListener(name, (event) => {
    const live = event.target.closest?.("[data-live]");
    if (live && held(live)) event.preventDefault();
  });
}
document.addEventListener("htmx:before:response", (event) => {
  if (!event.target.closest?.("[data-live]") || !event.detail.ctx.response.raw.redirected) return;
  event.preventDefault();
  location.reload();
});
