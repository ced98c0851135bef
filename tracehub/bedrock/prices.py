"""What a model call costs."""

from datetime import date
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec

from tracehub.errors import PermanentError
from tracehub.foundation.model_ids import model_of, names_of
from tracehub.model.span import Tokens

__all__ = ["Price", "PriceTable", "load_prices", "model_of"]

Usd = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
_PER = 1_000_000


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """USD per 1,000,000 tokens; None is not priced."""

    input: Usd
    output: Usd
    cache_read: Usd | None = None
    cache_write: Usd | None = None


class _SameAs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    same_as: str


class _Provider(msgspec.Struct, forbid_unknown_fields=True):
    provider: str
    as_of: date
    source: str
    models: dict[str, dict[str, object]]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    about: str = ""
    providers: list[_Provider] = []
    models: dict[str, dict[str, object]] = {}


class PriceTable:
    """Prices by model name. The most specific name wins: an ARN, a region's id, the model."""

    def __init__(self, prices: dict[str, Price]) -> None:
        self.prices = prices
        self.price = lru_cache(maxsize=1024)(self._price)

    def cost(self, model_id: str | None, tokens: Tokens) -> float | None:
        """USD for one call, None where the model has no price or input or output tokens were not reported.

        Tokens read from and written to the cache count where the model has a price for them; Bedrock does not
        report them as input tokens.
        """
        if model_id is None or tokens.input is None or tokens.output is None:
            return None
        price = self.price(model_id)
        if price is None:
            return None
        total = tokens.input * price.input + tokens.output * price.output
        total += (tokens.cache_read or 0) * (price.cache_read or 0)
        total += (tokens.cache_write or 0) * (price.cache_write or 0)
        return total / _PER

    def _price(self, model_id: str) -> Price | None:
        return next((self.prices[name] for name in names_of(model_id) if name in self.prices), None)


def load_prices(path: Path | None) -> PriceTable:
    """The packaged prices, with those of the user's file over them; PermanentError names every mistake in it.

    A model's entry is its prices, or `{"same_as": model}`, which gives an application inference profile a price.
    """
    packaged = files(__package__).joinpath("model_prices.json").read_bytes()
    prices = _merged({}, "model_prices.json", packaged)
    if path is not None:
        try:
            source = path.read_bytes()
        except OSError as error:
            msg = f"prices: {path} cannot be read: {error.strerror or error}"
            raise PermanentError(msg) from error
        prices = _merged(prices, str(path), source)
    return PriceTable(prices)


def _merged(known: dict[str, Price], name: str, source: bytes) -> dict[str, Price]:
    try:
        content = msgspec.json.decode(source, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"prices: {name}: {error}"
        raise PermanentError(msg) from error
    prices = dict(known)
    mistakes: list[str] = []
    aliases: dict[str, str] = {}
    for models in [*(provider.models for provider in content.providers), content.models]:
        for model, entry in models.items():
            try:
                if "same_as" in entry:
                    aliases[model] = msgspec.convert(entry, _SameAs).same_as
                else:
                    prices[model] = msgspec.convert(entry, Price)
            except msgspec.ValidationError as error:
                mistakes.append(f"model `{model}`: {error}")
    table = PriceTable(dict(prices))
    for model, same_as in aliases.items():
        if price := table.price(same_as):
            prices[model] = price
        else:
            mistakes.append(f"model `{model}`: `same_as` names {same_as}, which has no price")
    if mistakes:
        msg = f"prices: {name}: " + "; ".join(mistakes)
        raise PermanentError(msg)
    return prices
