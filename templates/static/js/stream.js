// Listens to a stream of the server. It is closed while nobody looks at the page, so that hidden pages hold no
// connections, and taken up where it was left. `says` hears how the connection stands.
const follow = (address, hears, says) => {
  const from = new URL(address, location.href);
  let source, again, stopped;

  const close = () => {
    source?.close();
    clearTimeout(again);
  };

  const open = () => {
    close();
    if (stopped || document.hidden) return;
    says("connecting");
    source = new EventSource(from);
    const hear = (name, does) => source.addEventListener(name, (event) => {
      if (event.lastEventId) from.searchParams.set("after", event.lastEventId);
      does(event.data);
    });
    for (const [name, does] of Object.entries(hears)) hear(name, does);
    hear("here", () => says("connected"));
    hear("done", stop);
    hear("signedout", () => location.reload());
    source.onerror = () => {
      says("disconnected");
      if (source.readyState === EventSource.CLOSED) again = setTimeout(retry, 5000);
    };
  };

  // The browser tries again by itself, but not where it was answered: then somebody may have to sign in.
  const retry = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (answer?.redirected) return location.reload();
    open();
  };

  const stop = () => {
    stopped = true;
    document.removeEventListener("visibilitychange", turn);
    close();
  };
  const turn = () => (document.hidden ? close() : open());

  document.addEventListener("visibilitychange", turn);
  open();
  return stop;
};
