"""Counts, sizes, tokens and money as people read them."""

from tracehub.web.pages.durations import UNKNOWN

NO_PRICE = "no price"


def count(number: int | None) -> str:
    """`12,345`; a dash where unknown."""
    return UNKNOWN if number is None else f"{number:,}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 step`, `2 steps`, `3 replies`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(octets: int | None) -> str:
    """`512 B`, `2.1 KB`, `3.4 MB`; a dash where unknown."""
    if octets is None:
        return UNKNOWN
    if octets < 1000:
        return f"{octets} B"
    if octets < 1_000_000:
        return f"{octets / 1000:.1f} KB"
    return f"{octets / 1_000_000:.1f} MB"


def tokens(sent: int | None, received: int | None) -> str:
    """`2,155` in all; a dash where neither was reported."""
    if sent is None and received is None:
        return UNKNOWN
    return f"{(sent or 0) + (received or 0):,}"


def tokens_in_out(sent: int | None, received: int | None) -> str:
    """`820 → 40`; empty where neither was reported, a dash for the one that was not."""
    if sent is None and received is None:
        return ""
    return f"{count(sent)} → {count(received)}"


def money(dollars: float | None, calls: int = 1) -> str:
    """`$0.21`, `$0.0034`, `< $0.0001`; `no price` where there were model calls but none had one."""
    if dollars is None:
        return NO_PRICE if calls else UNKNOWN
    if dollars <= 0:
        return "$0"
    if dollars < 0.0001:
        return "< $0.0001"
    if dollars < 0.1:
        return f"${dollars:.4f}"
    return f"${dollars:,.2f}"


def share(part: int, whole: int) -> str:
    """`62 %`, `< 1 %`."""
    if whole <= 0:
        return UNKNOWN
    percent = 100 * part / whole
    return "< 1 %" if 0 < percent < 0.5 else f"{percent:.0f} %"
