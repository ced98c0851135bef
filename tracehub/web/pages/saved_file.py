"""A file that a browser saves and never shows: traces are hostile."""

from fastapi.responses import Response


def saved_file(data: bytes, media_type: str, name: str) -> Response:
    """The answer that is saved under this name."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return Response(data, media_type=media_type, headers=headers)
