// A session: its steps, the panel of the chosen one, and the keys that walk through both.
if ($("#detail")) {
  const steps = () => all("details[open] .r[id]:not(.fo)");
  const rows = () => all("details[open] .r[id]");
  const narrow = matchMedia("(max-width: 1100px)");
  let wanted = 0;

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
      const answer = await fetch("/_" + location.pathname + "/steps/" + trace + "/" + span + address.search, { headers: { Accept: "text/html", "HX-Request": "true" } });
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
    const address = new URL(link.href);
    if (address.searchParams.has("step")) return show(address);
    mark(row);
  };

  const close = () => {
    const row = $(".r.cur");
    mark(null);
    wanted++;
    if (narrow.matches) row?.scrollIntoView({ block: "center" });
    $("#detail").replaceChildren();
    const address = new URL(location.href);
    for (const name of ["step", "hit"]) address.searchParams.delete(name);
    address.hash = "";
    history.replaceState(history.state, "", address);
  };

  addEventListener("click", (event) => {
    const link = plain(event) && event.target.closest("a[href]");
    if (!link || link.origin !== location.origin || link.pathname !== location.pathname || link.dataset.load) return;
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

  const turnBy = (by) => {
    const turns = all("details.turn");
    const here = document.activeElement.closest?.("details.turn") ?? $(".r.cur")?.closest("details.turn");
    next(turns, here, by)?.querySelector("summary").focus();
  };

  const openAll = (open) => {
    for (const turn of all("details.turn")) turn.open = open;
  };

  Object.assign(keys, {
    j: () => go(next(steps(), $(".r.cur"), 1)),
    k: () => go(next(steps(), $(".r.cur"), -1)),
    e: () => go(next(rows(), $(".r.cur"), 1, (row) => row.classList.contains("e"))),
    E: () => go(next(rows(), $(".r.cur"), -1, (row) => row.classList.contains("e"))),
    n: () => $("[data-load=after]")?.click(),
    N: () => $("[data-load=before]")?.click(),
    "<": () => $("[data-beside=before]")?.click(),
    ">": () => $("[data-beside=after]")?.click(),
    t: () => go(next(steps(), $(".r.cur"), 1, (row) => row.querySelector(".k-tool"))),
    y: () => copy(location.href, "Link"),
    Y: () => $("#detail [data-copy=JSON]")?.click(),
    "+": () => openAll(true),
    "-": () => openAll(false),
    Home: () => go(steps()[0]),
    End: () => go(steps().at(-1)),
    J: () => turnBy(1),
    K: () => turnBy(-1),
    Escape: () => $(".r.cur") && close(),
  });
}
