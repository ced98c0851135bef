(() => {
  "use strict";
  const $ = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const steps = () => all("details[open] .r[id]");
  const narrow = matchMedia("(max-width: 1100px)");
  let wanted = 0;

  for (const hidden of all("[data-help], .keyed")) hidden.hidden = false;

  // One step is shown at a time: the row that is marked and the panel always belong together.
  const mark = (row) => {
    $(".r.cur")?.classList.remove("cur");
    if (!row) return;
    row.classList.add("cur");
    row.scrollIntoView({ block: "nearest" });
  };

  const show = async (address) => {
    const [trace, span] = address.searchParams.get("step").split(".");
    const detail = $("#detail");
    const mine = ++wanted;
    history.replaceState(history.state, "", address);
    mark(document.getElementById("s" + span));
    detail.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch("/_" + location.pathname + "/steps/" + trace + "/" + span, { headers: { Accept: "text/html", "HX-Request": "true" } });
      if (answer.redirected || answer.status === 401) return location.assign(address);
      const text = await answer.text();
      if (mine !== wanted) return;
      detail.innerHTML = text;
      detail.scrollTop = 0;
      if (narrow.matches) detail.scrollIntoView();
    } catch {
      if (mine === wanted) location.assign(address);
    } finally {
      if (mine === wanted) detail.removeAttribute("aria-busy");
    }
  };

  const go = (row) => {
    const link = row?.querySelector("a");
    if (!link) return;
    link.focus({ preventScroll: true });
    show(new URL(link.href));
  };

  const close = () => {
    const row = $(".r.cur");
    mark(null);
    wanted++;
    if (narrow.matches) row?.scrollIntoView({ block: "center" });
    $("#detail").replaceChildren();
    history.replaceState(history.state, "", location.pathname);
  };

  addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (event.target.closest("[data-help]")) return $("#help").showModal();
    const link = event.target.closest("a[href]");
    if (!link || !$("#detail") || link.origin !== location.origin || link.pathname !== location.pathname) return;
    if (link.hasAttribute("data-close")) {
      event.preventDefault();
      return close();
    }
    const address = new URL(link.href);
    if (address.searchParams.has("step")) {
      event.preventDefault();
      return show(address);
    }
    const turn = document.getElementById(address.hash.slice(1));
    if (turn?.matches("details.turn")) {
      event.preventDefault();
      turn.open = true;
      turn.scrollIntoView();
    }
  });

  const next = (rows, from, by, fits = () => true) => {
    let place = from ? rows.indexOf(from) : by > 0 ? -1 : rows.length;
    do place += by; while (rows[place] && !fits(rows[place]));
    return rows[place];
  };

  const turnBy = (by) => {
    const turns = all("details.turn");
    const here = document.activeElement.closest?.("details.turn") ?? $(".r.cur")?.closest("details.turn");
    next(turns, here, by)?.querySelector("summary").focus();
  };

  const keys = {
    j: () => go(next(steps(), $(".r.cur"), 1)),
    k: () => go(next(steps(), $(".r.cur"), -1)),
    e: () => go(next(steps(), $(".r.cur"), 1, (row) => row.classList.contains("e"))),
    E: () => go(next(steps(), $(".r.cur"), -1, (row) => row.classList.contains("e"))),
    J: () => turnBy(1),
    K: () => turnBy(-1),
    Escape: () => $(".r.cur") && close(),
  };
  const listKeys = {
    j: () => next(all(".list th a"), document.activeElement.closest("th a"), 1)?.focus(),
    k: () => next(all(".list th a"), document.activeElement.closest("th a"), -1)?.focus(),
    "]": () => $("a[rel=next]")?.click(),
    "[": () => $("a[rel=prev]")?.click(),
  };

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input, textarea, select, dialog *")) return;
    if (event.key === "?") return $("#help").showModal();
    const does = ($("#detail") ? keys : listKeys)[event.key];
    if (!does) return;
    if (event.key !== "Escape") event.preventDefault();
    does();
  });

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

  // The address always names the filters in use; Back then brings the page of before.
  document.addEventListener("htmx:after:request", (event) => {
    const form = event.target.closest?.("[data-filters]");
    if (!form) return;
    const values = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    history.replaceState(history.state, "", values.size ? "?" + values : location.pathname);
  });
})();
