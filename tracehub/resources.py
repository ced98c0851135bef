"""Where the files that travel with the code are: pages, static files, migrations."""

from pathlib import Path

PACKAGE = Path(__file__).parent
CHECKOUT = PACKAGE.parent


def templates_dir() -> Path:
    """The folder of Jinja templates; FileNotFoundError where the installation lacks it."""
    return _folder("templates")


def migrations_dir() -> Path:
    """The folder with Alembic's env.py and versions/; FileNotFoundError where the installation lacks it."""
    return _folder("migrations")


def static_dir() -> Path:
    """The folder of style sheets, scripts and images that the pages load."""
    return templates_dir() / "static"


def _folder(name: str) -> Path:
    """The wheel's copy, else the checkout's own: an editable install has only the latter."""
    packaged = PACKAGE / f"_{name}"
    if packaged.is_dir():
        return packaged
    own = CHECKOUT / name
    if own.is_dir():
        return own
    raise FileNotFoundError(f"tracehub is installed without its {name}: neither {packaged} nor {own} is there")
