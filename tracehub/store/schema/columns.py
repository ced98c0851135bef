"""What all tables share: their names for constraints, ids of hex digits, and the project they are of."""

from sqlalchemy import Column, Dialect, LargeBinary, MetaData, String, TypeDecorator

DEFAULT_PROJECT = "default"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class HexId(TypeDecorator[str]):
    """Hex digits in Python, half as many bytes in the database."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Bytes of the digits."""
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Digits of the bytes."""
        return None if value is None else bytes(value).hex()


def project() -> Column[str]:
    """The first column of every primary key."""
    return Column("project_id", String(64), primary_key=True)
