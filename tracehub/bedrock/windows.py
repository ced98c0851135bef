"""Makes every agent's time window contain its spans."""

from tracehub.bedrock.draft import Draft


def contain(draft: Draft) -> None:
    """Widens `draft` and the agents below it to their children's known times."""
    for child in draft.children:
        contain(child)
    if not draft.children:
        return
    starts = [child.start for child in draft.children if child.start is not None]
    ends = [end for child in draft.children for end in (child.start, child.end) if end is not None]
    if draft.start is None and starts:
        draft.derived = True
    start = min([*starts, *([draft.start] if draft.start is not None else [])], default=None)
    end = max([*ends, *([draft.end] if draft.end is not None else [])], default=None)
    draft.start, draft.end = start, end
