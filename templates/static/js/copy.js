// "Copy as": each form is a link to a file; here its text goes to the clipboard, or where that is not allowed is shown selected.
const say = (text) => {
  const said = $("#said");
  if (said) said.textContent = text;
};

const copy = async (text, name) => {
  try {
    await navigator.clipboard.writeText(text);
    say(name + " copied");
    setTimeout(say, 3000, "");
  } catch {
    const shown = $("#copy");
    const area = shown.querySelector("textarea");
    area.value = text;
    shown.showModal();
    area.select();
  }
};

const copyFrom = async (link) => {
  if (link.dataset.copy === "Link") return copy(link.href, "Link");
  try {
    const answer = await fetch(link.href);
    if (answer.redirected || !answer.ok) return location.assign(link.href);
    copy(await answer.text(), link.dataset.copy);
  } catch {
    say("Not copied: the server does not answer");
  }
};

addEventListener("click", (event) => {
  const link = plain(event) && event.target.closest("a[data-copy]");
  if (!link) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  copyFrom(link);
});
