"""What the feed has told already, so that it tells nothing twice."""

from collections.abc import Iterable, Sequence

from tracehub.model.change import Change
from tracehub.model.listing import SpanRow


class Memory:
    """Versions of traces that were seen, and of their steps the version that was told, and when that was written."""

    def __init__(self) -> None:
        self._seen: set[Change] = set()
        self._told: dict[str, dict[str, tuple[int, int]]] = {}
        self._written: dict[str, int] = {}

    def unseen(self, changes: Iterable[Change]) -> tuple[Change, ...]:
        """Those that were never noted, in their order."""
        return tuple(change for change in changes if change not in self._seen)

    def note(self, change: Change, spans: Sequence[SpanRow]) -> tuple[SpanRow, ...]:
        """Remembers the steps of this version; those that are new or differ from what was told."""
        told = self._told.setdefault(change.trace_id, {})
        news = tuple(span for span in spans if told.get(span.span_id, (None,))[0] != hash(span))
        told.update((span.span_id, (hash(span), change.written_at)) for span in news)
        self.skip(change)
        return news

    def skip(self, change: Change) -> int:
        """Remembers this version without its steps; how many of them were never told."""
        self._seen.add(change)
        self._written[change.trace_id] = change.written_at
        return max(change.steps - len(self._told.get(change.trace_id, ())), 0)

    def since(self, span: SpanRow) -> int | None:
        """When the told version of this step was written; None where another one, or none, was told."""
        version, written_at = self._told.get(span.trace_id, {}).get(span.span_id, (None, None))
        return written_at if version == hash(span) else None

    def forget(self, before: int) -> None:
        """Drops what nothing was added to since `before`."""
        self._seen = {change for change in self._seen if change.written_at >= before}
        for trace_id in [trace_id for trace_id, at in self._written.items() if at < before]:
            self._told.pop(trace_id, None)
            del self._written[trace_id]
