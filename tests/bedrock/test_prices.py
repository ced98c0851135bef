"""What a model call costs, and what is left unpriced."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracehub.bedrock.prices import Price, PriceTable, load_prices, model_of
from tracehub.errors import PermanentError
from tracehub.model.span import Tokens

TABLE = load_prices(None)
HAIKU = "anthropic.claude-3-haiku-20240307"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3"
TOKENS = Tokens(input=1_000_000, output=100_000)


@pytest.mark.parametrize(
    ("model_id", "model"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", HAIKU),
        ("anthropic.claude-3-haiku-20240307-v1:0:200k", HAIKU),
        (f"arn:aws:bedrock:us-east-1::foundation-model/{HAIKU}-v1:0", HAIKU),
        (f"arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/{HAIKU}-v1:0", HAIKU),
        (f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{HAIKU}-v1:0", HAIKU),
        *((f"{region}.{HAIKU}-v1:0", HAIKU) for region in ("us", "eu", "apac", "us-gov", "global", "jp", "au")),
        ("us.amazon.nova-pro-v1:0", "amazon.nova-pro"),
        ("cohere.command-r-plus-v1:0", "cohere.command-r-plus"),
        ("us.deepseek.r1-v1:0", "deepseek.r1"),
        ("mistral.mistral-7b-instruct-v0:2", "mistral.mistral-7b-instruct"),
        (PROFILE, None),
        ("arn:aws:bedrock:us-east-1:123456789012:provisioned-model/xyz", None),
        ("a1b2c3", None),
        ("", None),
        (None, None),
    ],
)
def test_an_id_names_its_model(model_id: str | None, model: str | None) -> None:
    assert model_of(model_id) == model


@given(st.text())
def test_any_id_is_looked_up(model_id: str) -> None:
    assert TABLE.cost(model_id, TOKENS) is None
    model_of("arn:aws:bedrock:::foundation-model/" + model_id)


@pytest.mark.parametrize(
    ("model_id", "usd"),
    [
        (f"us.{HAIKU}-v1:0", 0.375),
        ("anthropic.claude-3-5-sonnet-20240620-v1:0", 4.5),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 4.95),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", 4.5),
        ("amazon.nova-lite-v1:0", 0.084),
        ("anthropic.claude-9-opus-20300101-v1:0", None),
        (PROFILE, None),
        (None, None),
    ],
)
def test_a_call_costs_its_tokens(model_id: str | None, usd: float | None) -> None:
    assert TABLE.cost(model_id, TOKENS) == (None if usd is None else pytest.approx(usd))


def test_cache_tokens_count_where_they_have_a_price() -> None:
    tokens = Tokens(input=0, output=0, cache_read=1_000_000, cache_write=1_000_000)
    assert TABLE.cost("anthropic.claude-sonnet-4-20250514-v1:0", tokens) == pytest.approx(4.05)
    assert TABLE.cost(f"{HAIKU}-v1:0", tokens) == 0.0


@pytest.mark.parametrize("tokens", [Tokens(), Tokens(input=3), Tokens(output=3), Tokens(cache_read=3)])
def test_unreported_tokens_have_no_cost(tokens: Tokens) -> None:
    assert TABLE.cost(f"{HAIKU}-v1:0", tokens) is None


def test_a_users_file_is_laid_over_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(
        '{"models": {"anthropic.claude-3-haiku-20240307-v1:0": {"input": 1, "output": 2},'
        f' "{PROFILE}": {{"same_as": "amazon.nova-pro-v1:0"}}, "d4e5f6": {{"input": 9, "output": 9}}}}}}'
    )
    table = load_prices(path)
    assert table.price(f"us.{HAIKU}-v1:0") == Price(input=1, output=2)
    assert table.price(PROFILE) == TABLE.price("amazon.nova-pro")
    assert table.price(PROFILE.replace("a1b2c3", "d4e5f6")) == Price(input=9, output=9)
    assert table.price("cohere.command-r") == TABLE.price("cohere.command-r")


def test_every_mistake_in_a_users_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text('{"models": {"a": {"input": -1, "output": 2}, "b": {"output": 2}, "c": {"same_as": "unknown"}}}')
    with pytest.raises(PermanentError) as caught:
        load_prices(path)
    assert str(caught.value).split(": ", 2)[2].split("; ") == [
        "model `a`: Expected `float` >= 0.0 - at `$.input`",
        "model `b`: Object missing required field `input`",
        "model `c`: `same_as` names unknown, which has no price",
    ]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"gone\.json cannot be read"):
        load_prices(tmp_path / "gone.json")


def test_a_table_without_prices_prices_nothing() -> None:
    assert PriceTable({}).cost(HAIKU, TOKENS) is None
