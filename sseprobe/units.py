"""Units: integers of nanoseconds inside, milliseconds at the door."""

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


def ms(ns: float | None) -> float | None:
    """Nanoseconds as milliseconds with three decimals; None, unknown, stays None."""
    return None if ns is None else round(ns / NS_PER_MS, 3)


def ns(seconds: float) -> int:
    """Seconds as whole nanoseconds."""
    return round(seconds * NS_PER_S)


def human_bytes(count: int) -> str:
    """A size as people say it: `512 bytes`, `16 MiB`."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} GiB"


def human_ms(value: float | None) -> str:
    """Milliseconds as people read them: `0.31 ms`, `41.2 ms`, `1.53 s`; `—` for what could not be measured."""
    if value is None:
        return "—"
    if value >= 999.5:
        return f"{value / 1000:.3g} s" if value < 100_000 else f"{value / 1000:,.0f} s"
    return f"{value:.3g} ms"
