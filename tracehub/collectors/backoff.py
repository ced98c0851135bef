"""How long to wait before trying again."""

import random

LONGEST = 60.0


class Backoff:
    """Full jitter: a random time up to twice the last bound, at most a minute; begins anew after a success."""

    def __init__(self, first: float = 0.5, chance: random.Random | None = None) -> None:
        self._first = first
        self._bound = first
        self._chance = chance or random.Random()  # noqa: S311 (not a secret)

    def next(self) -> float:
        """Seconds to wait now."""
        bound, self._bound = self._bound, min(LONGEST, self._bound * 2)
        return self._chance.uniform(bound / 2, bound)

    def reset(self) -> None:
        """The last try went well."""
        self._bound = self._first
