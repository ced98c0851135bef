"""`tracehub db`: the database's schema."""

import typer

from tracehub.cli.environment import read_settings

commands = typer.Typer(help="The database's schema.", no_args_is_help=True)


@commands.command("upgrade")
def upgrade(revision: str = typer.Argument("head", help="The revision to reach.")) -> None:
    """Migrate the database up. SQLite does this by itself; PostgreSQL needs it once and after upgrades."""
    from tracehub.store import migrate
    from tracehub.store.database import Database, parse_url

    database = Database(parse_url(read_settings().database_url))
    try:
        with database.writing() as connection:
            migrate.upgrade(connection, revision)
            typer.echo(f"the database is at revision {migrate.current_revision(connection)}")
    finally:
        database.close()


@commands.command("downgrade")
def downgrade(revision: str = typer.Argument(help="The revision to reach, or base for none.")) -> None:
    """Migrate the database down. What the tables of later revisions held is lost."""
    from tracehub.store import migrate
    from tracehub.store.database import Database, parse_url

    database = Database(parse_url(read_settings().database_url))
    try:
        with database.writing() as connection:
            migrate.downgrade(connection, revision)
            typer.echo(f"the database is at revision {migrate.current_revision(connection) or 'base'}")
    finally:
        database.close()
