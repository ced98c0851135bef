"""The door to destinations of an opened database."""

from tracehub.app import App, clock
from tracehub.app.exporting import exports_of
from tracehub.cli.export.door import Door
from tracehub.store import destinations
from tracehub.web.api.destinations import described
from tracehub.web.export.selecting import send_again


def door_of(app: App) -> Door:
    """Answers as the API does."""
    exports = exports_of(app)

    def every() -> list[dict[str, object]]:
        with app.database.reading() as connection:
            return [described(each) for each in destinations.standing(connection, now=clock())]

    def check(name: str) -> dict[str, object]:
        tried = exports.try_out(name)
        return {"went_well": tried.went_well, "said": tried.said, "remedy": tried.remedy}

    return Door(
        every=every,
        check=check,
        again=lambda name, words, only_new: send_again(exports, name, words, only_new=only_new, now=clock()),
    )
