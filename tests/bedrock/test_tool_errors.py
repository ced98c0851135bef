"""A tool's output counts as an error where a rule says so, and nowhere else."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracehub.bedrock.tool_errors import ErrorRule, infer_error, load_rules
from tracehub.errors import PermanentError
from tracehub.model.span import ErrorSource, SpanError

RULES = load_rules(None)


@pytest.mark.parametrize(
    ("output", "rule", "text"),
    [
        ("Error, Function not found", "error_text", "Error, Function not found"),
        ("Error downloading guidance document", "error_text", "Error downloading guidance document"),
        ('"Error: no such booking"', "error_text", "Error: no such booking"),
        ("'Error: quoted by Python'", "error_text", "Error: quoted by Python'"),
        ("ERROR - timeout", "error_text", "ERROR - timeout"),
        (
            "An error occurred (AccessDenied) when calling",
            "error_text",
            "An error occurred (AccessDenied) when calling",
        ),
        ("Exception: boom", "exception_text", "Exception: boom"),
        ("\n Traceback (most recent call last):\n", "traceback", "Traceback (most recent call last):"),
        ("Unable to reach the database", "unable", "Unable to reach the database"),
        ("botocore.errorfactory.NotFoundException: gone", "exception_class", None),
        ("{'error': 'no table'}", "python_error_key", "{'error': 'no table'}"),
        ("{'statusCode': 500, 'body': ''}", "python_status_code", "{'statusCode': 500, 'body': ''}"),
        ("<Error><Code>AccessDenied</Code></Error>", "xml_error", "<Error><Code>AccessDenied</Code></Error>"),
        ("<function_results> <error> <stdout>406: wrong</stdout> </error>", "xml_error", None),
        ("<result><stdout>Error, no function</stdout>", "xml_error", None),
        ('{"error": "no rows"}', "json_error", "no rows"),
        ('{"Error": {"Code": "X", "message": "denied"}}', "json_error", "denied"),
        ('{"errorMessage": "Task timed out", "errorType": "T"}', "json_error", "Task timed out"),
        ('{"error": true, "message": "bad id"}', "json_error", "bad id"),
        ('"{\\"error\\": \\"twice encoded\\"}"', "json_error", "twice encoded"),
        ('[{"error": "in a list of one"}]', "json_error", "in a list of one"),
        ('{"statusCode": 404, "body": "not here"}', "json_status_code", "statusCode: 404"),
        ('{"status": "503", "message": "busy"}', "json_status_code", "busy"),
        ('{"statusCode": 200, "body": "{\\"error\\": \\"inner\\"}"}', "json_error", "inner"),
        ('{"response": {"httpStatusCode": 400}}', "json_status_code", "httpStatusCode: 400"),
        ('{"success": false, "reason": "closed"}', "json_not_successful", "closed"),
        ('{"ok": false}', "json_not_successful", "ok: false"),
        ('{"status": "error", "message": "m"}', "json_status_error", "m"),
        ('{"isError": true, "content": []}', "json_is_error", "isError: true"),
    ],
)
def test_a_failed_tool_is_recognised(output: str, rule: str, text: str | None) -> None:
    expected = output if text is None else text
    assert infer_error(output, RULES) == SpanError(source=ErrorSource.INFERRED, type=rule, text=expected)


def test_the_answer_of_a_lambda_function_to_bedrock_is_looked_into() -> None:
    function = {"responseState": "FAILURE", "responseBody": {"TEXT": {"body": "x"}}}
    api = {"httpStatusCode": 200, "responseBody": {"application/json": {"body": '{"error": "deep"}'}}}

    failed = infer_error(json.dumps({"messageVersion": "1.0", "response": {"functionResponse": function}}), RULES)
    deep = infer_error(json.dumps({"messageVersion": "1.0", "response": api}), RULES)

    assert failed == SpanError(source=ErrorSource.INFERRED, type="json_response_state", text='responseState: "FAILURE"')
    assert deep == SpanError(source=ErrorSource.INFERRED, type="json_error", text="deep")


@pytest.mark.parametrize(
    "output",
    [
        None,
        "",
        "   ",
        "available vacation days for employed_id 9: 18",
        '{"_shards": {"total": 5, "failed": 0}, "doc_count_error_upper_bound": 0}',
        '{"failed": 0}',
        '{"errors": []}',
        '{"error": null}',
        '{"error": false, "success": true}',
        '{"error": ""}',
        '{"error": {}}',
        '{"error": []}',
        '{"error": "None"}',
        '{"error": 0.03}',
        '{"status": "open"}',
        '{"status": "404 items"}',
        '{"status": 404 items}',
        '{"status": 200}',
        '{"status": 1200}',
        '{"status": true}',
        '{"success": true, "ok": null}',
        '[{"error": "x"}, {"error": "y"}]',
        '{"tickets": [{"error": "reported by a customer", "status": 500}]}',
        "The radiologist was unable to see the spine.",
        "Errors: 0",
        "Error: none",
        "Error-free run",
        "Error rates fell",
        "Errorless",
        "Exceptional weather",
        "No error was found. Exception: none.",
        "No validation documents found. Please upload the validation documents to the S3 bucket.",
        "{'error': None, 'rows': 3}",
        "{'status': 'Open'}",
        "<errors/>",
        "<error></error>",
        "<error/><rows>3</rows>",
        "[2,3,5,7]",
        '{"unfinished": ',
        "\ud800{",
        '"\ud800',
    ],
)
def test_a_tool_that_worked_gives_no_false_alarm(output: str | None) -> None:
    assert infer_error(output, RULES) is None


def test_an_errors_text_is_short() -> None:
    found = infer_error("Error " + "x" * 2_000_000, RULES)
    assert found is not None
    assert len(found.text or "") == 500


def test_nesting_without_end_is_no_error() -> None:
    assert infer_error("[" * 200_000, RULES) is None


@given(st.text())
def test_any_text_is_judged(output: str) -> None:
    infer_error(output, RULES)
    infer_error('{"error": ' + output, RULES)


def test_a_users_file_replaces_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text('{"rules": [{"name": "no_rows", "kind": "text_prefix", "prefixes": ["0 rows"]}]}')
    rules = load_rules(path)
    assert rules == (ErrorRule(name="no_rows", kind="text_prefix", prefixes=("0 rows",)),)
    assert infer_error("Error", rules) is None


def test_every_mistake_in_a_file_is_named_with_its_line_and_field(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text(
        '{"rules": [\n'
        '{"name": "a", "kind": "regex", "pattern": "("},\n'
        '{"name": "b", "kind": "python", "keys": ["x"]},\n'
        '{"name": "c", "kind": "json_key"},\n'
        '{"name": "c", "kind": "json_false", "keys": ["ok"], "at_least": 3},\n'
        '{"name": "d", "kind": "json_key", "keys": ["ok"], "colour": 1}\n'
        "]}"
    )
    with pytest.raises(PermanentError) as caught:
        load_rules(path)
    assert str(caught.value).split(": ", 2)[2].split("; ") == [
        "line 2: rule `a`: `pattern` is no regular expression: missing ), unterminated subpattern at position 0",
        "line 3: Invalid enum value 'python' - at `$.kind`",
        "line 4: rule `c`: `keys` is missing",
        "line 5: rule `c`: `at_least` has no meaning for kind json_false",
        "line 5: rule `c`: `name` is used twice",
        "line 6: Object contains unknown field `colour`",
    ]


def test_a_file_that_is_no_json_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text('{"rules": [\n{"name": x}]}')
    with pytest.raises(PermanentError, match=r"rules\.json line 2: "):
        load_rules(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"gone\.json cannot be read: No such file"):
        load_rules(tmp_path / "gone.json")


def test_a_rule_of_any_kind_may_say_what_to_check(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text('{"rules": [{"name": "a", "kind": "regex", "pattern": "x", "check": "The quota"}]}')
    assert [rule.check for rule in load_rules(path)] == ["The quota"]
