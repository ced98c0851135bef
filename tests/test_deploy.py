"""deploy/ makes what sources in AWS need; CloudFormation and Terraform say the same, and moto's AWS plays it."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

import boto3
import hcl2
import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]
from hcl2.utils import SerializationOptions
from moto.server import ThreadedMotoServer

from tests.conftest import CHECKOUT
from tracehub.collectors.s3.notifications import objects_in
from tracehub.model.source import CloudWatchSource, S3Source, read_source

TEMPLATE = CHECKOUT / "deploy" / "cloudformation" / "tracehub-sources.yaml"
MODULE = CHECKOUT / "deploy" / "terraform"

# What Terraform needs for one resource of CloudFormation. All bear the resource's name in snake_case.
KINDS = {
    "AWS::IAM::Policy": ["aws_iam_role_policy"],
    "AWS::IAM::Role": ["aws_iam_role"],
    "AWS::KinesisFirehose::DeliveryStream": ["aws_kinesis_firehose_delivery_stream"],
    "AWS::Logs::LogGroup": ["aws_cloudwatch_log_group"],
    "AWS::Logs::LogStream": ["aws_cloudwatch_log_stream"],
    "AWS::Logs::SubscriptionFilter": ["aws_cloudwatch_log_subscription_filter"],
    "AWS::S3::Bucket": [
        "aws_s3_bucket",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_notification",
        "aws_s3_bucket_ownership_controls",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket_versioning",
    ],
    "AWS::S3::BucketPolicy": ["aws_s3_bucket_policy"],
    "AWS::SQS::Queue": ["aws_sqs_queue"],
    "AWS::SQS::QueuePolicy": ["aws_sqs_queue_policy"],
}

# Every setting by both its names, a list of one taken for the one.
SETTINGS = {
    "AWS::IAM::Policy": {"PolicyName": "name", "Roles": "role"},
    "AWS::IAM::Role": {"RoleName": "name"},
    "AWS::KinesisFirehose::DeliveryStream": {
        "DeliveryStreamName": "name",
        "DeliveryStreamEncryptionConfigurationInput.KeyType": "server_side_encryption.key_type",
        **{
            f"HttpEndpointDestinationConfiguration.{theirs}": f"http_endpoint_configuration.{ours}"
            for theirs, ours in {
                "EndpointConfiguration.Name": "name",
                "EndpointConfiguration.Url": "url",
                "EndpointConfiguration.AccessKey": "access_key",
                "RequestConfiguration.ContentEncoding": "request_configuration.content_encoding",
                "BufferingHints.IntervalInSeconds": "buffering_interval",
                "BufferingHints.SizeInMBs": "buffering_size",
                "RetryOptions.DurationInSeconds": "retry_duration",
                "RoleARN": "role_arn",
                "CloudWatchLoggingOptions.Enabled": "cloudwatch_logging_options.enabled",
                "CloudWatchLoggingOptions.LogGroupName": "cloudwatch_logging_options.log_group_name",
                "CloudWatchLoggingOptions.LogStreamName": "cloudwatch_logging_options.log_stream_name",
                "S3BackupMode": "s3_backup_mode",
                "S3Configuration.BucketARN": "s3_configuration.bucket_arn",
                "S3Configuration.RoleARN": "s3_configuration.role_arn",
                "S3Configuration.Prefix": "s3_configuration.prefix",
                "S3Configuration.ErrorOutputPrefix": "s3_configuration.error_output_prefix",
                "S3Configuration.CompressionFormat": "s3_configuration.compression_format",
                "S3Configuration.BufferingHints.IntervalInSeconds": "s3_configuration.buffering_interval",
                "S3Configuration.BufferingHints.SizeInMBs": "s3_configuration.buffering_size",
            }.items()
        },
    },
    "AWS::Logs::LogGroup": {
        "LogGroupName": "name",
        "RetentionInDays": "retention_in_days",
        "KmsKeyId": "kms_key_id",
    },
    "AWS::Logs::LogStream": {"LogGroupName": "log_group_name", "LogStreamName": "name"},
    "AWS::Logs::SubscriptionFilter": {
        "FilterName": "name",
        "LogGroupName": "log_group_name",
        "DestinationArn": "destination_arn",
        "RoleArn": "role_arn",
        "FilterPattern": "filter_pattern",
    },
    "AWS::S3::Bucket": {
        "BucketName": "bucket",
        "BucketEncryption.ServerSideEncryptionConfiguration.BucketKeyEnabled": "rule.bucket_key_enabled",
        "BucketEncryption.ServerSideEncryptionConfiguration.ServerSideEncryptionByDefault.SSEAlgorithm": (
            "rule.apply_server_side_encryption_by_default.sse_algorithm"
        ),
        "BucketEncryption.ServerSideEncryptionConfiguration.ServerSideEncryptionByDefault.KMSMasterKeyID": (
            "rule.apply_server_side_encryption_by_default.kms_master_key_id"
        ),
        "PublicAccessBlockConfiguration.BlockPublicAcls": "block_public_acls",
        "PublicAccessBlockConfiguration.BlockPublicPolicy": "block_public_policy",
        "PublicAccessBlockConfiguration.IgnorePublicAcls": "ignore_public_acls",
        "PublicAccessBlockConfiguration.RestrictPublicBuckets": "restrict_public_buckets",
        "OwnershipControls.Rules.ObjectOwnership": "rule.object_ownership",
        "VersioningConfiguration.Status": "versioning_configuration.status",
        "LifecycleConfiguration.Rules.Id": "rule.id",
        "LifecycleConfiguration.Rules.Status": "rule.status",
        "LifecycleConfiguration.Rules.ExpirationInDays": "rule.expiration.days",
        "LifecycleConfiguration.Rules.NoncurrentVersionExpiration.NoncurrentDays": (
            "rule.noncurrent_version_expiration.noncurrent_days"
        ),
        "LifecycleConfiguration.Rules.AbortIncompleteMultipartUpload.DaysAfterInitiation": (
            "rule.abort_incomplete_multipart_upload.days_after_initiation"
        ),
        "NotificationConfiguration.QueueConfigurations.Event": "queue.events",
        "NotificationConfiguration.QueueConfigurations.Queue": "queue.queue_arn",
        "NotificationConfiguration.QueueConfigurations.Filter.S3Key.Rules.Value": "queue.filter_prefix",
    },
    "AWS::S3::BucketPolicy": {"Bucket": "bucket"},
    "AWS::SQS::Queue": {
        "QueueName": "name",
        "VisibilityTimeout": "visibility_timeout_seconds",
        "ReceiveMessageWaitTimeSeconds": "receive_wait_time_seconds",
        "MessageRetentionPeriod": "message_retention_seconds",
        "SqsManagedSseEnabled": "sqs_managed_sse_enabled",
        "RedrivePolicy.deadLetterTargetArn": "redrive_policy.deadLetterTargetArn",
        "RedrivePolicy.maxReceiveCount": "redrive_policy.maxReceiveCount",
    },
    "AWS::SQS::QueuePolicy": {"Queues": "queue_url"},
}

# What only one of them has a word for, with what it says.
ONLY_CLOUDFORMATION = {
    "DeliveryStreamType": "DirectPut",
    "NotificationConfiguration.QueueConfigurations.Filter.S3Key.Rules.Name": "prefix",
}
ONLY_TERRAFORM = {
    "destination": "http_endpoint",
    "force_destroy": False,
    "server_side_encryption.enabled": True,
    "skip_destroy": True,
}

COLLECTOR_MAY = {
    "cloudwatch:GetMetricData",
    "kms:Decrypt",
    "logs:DescribeLogGroups",
    "logs:FilterLogEvents",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
}


def test_the_linter_of_cloudformation_finds_nothing() -> None:
    assert [str(found) for found in lint(TEMPLATE.read_text())] == []


def test_terraform_uses_what_it_declares_and_declares_what_it_uses() -> None:
    text = "\n".join(_terraform_text(value) for value in _module().values())
    used = {
        "variable": set(re.findall(r"\bvar\.(\w+)", text)),
        "locals": set(re.findall(r"\blocal\.(\w+)", text)),
        "data": set(re.findall(r"\bdata\.(aws_\w+\.\w+)", text)),
    }
    resources = set(re.findall(r"(?<!data\.)\b(aws_\w+\.\w+)", text))

    assert used == {
        "variable": set(_declared("variable")),
        "locals": set(_locals()),
        "data": {f"{kind}.{label}" for kind, label in _blocks("data")},
    }
    assert resources <= {f"{kind}.{label}" for kind, label in _blocks("resource")}


def test_every_output_of_terraform_tells_of_something() -> None:
    values = [_with_locals(output["value"]) for output in _declared("output").values()]

    assert [value for value in values if not re.search(r"\b(var\.\w+|aws_\w+\.\w+)", value)] == []


def test_both_ask_for_the_same_and_start_from_the_same_defaults() -> None:
    parameters = {_snake(name): _default(found) for name, found in _template()["Parameters"].items()}

    assert {name: found["default"] for name, found in _declared("variable").items()} == parameters


def test_both_keep_the_key_of_firehose_out_of_sight() -> None:
    hidden = {_snake(name) for name, found in _template()["Parameters"].items() if found.get("NoEcho")}

    assert {name for name, found in _declared("variable").items() if found.get("sensitive")} == hidden
    assert hidden == {"firehose_access_key"}


def test_both_tell_the_same() -> None:
    assert set(_declared("output")) == {_snake(name) for name in _template()["Outputs"]}


def test_both_make_the_same() -> None:
    made = {
        (kind, _snake(name)) for name, resource in _template()["Resources"].items() for kind in KINDS[resource["Type"]]
    }

    assert set(_blocks("resource")) == made


def test_both_make_it_under_the_same_conditions() -> None:
    for name, resource in _template()["Resources"].items():
        for kind in KINDS[resource["Type"]]:
            count = _blocks("resource")[kind, _snake(name)]["count"]
            asked = set(re.findall(r"var\.(\w+)", _with_locals(count)))
            assert asked == _asked_by(resource["Condition"]), (kind, name)


@pytest.mark.parametrize("name", sorted(cfn_yaml.load(str(TEMPLATE))["Resources"]))
def test_both_set_it_to_the_same(name: str) -> None:
    resource = _template()["Resources"][name]
    words = SETTINGS[resource["Type"]]
    theirs = dict(_leaves(_plain(resource.get("Properties", {}))))
    ours = {
        path: value
        for kind in KINDS[resource["Type"]]
        for path, value in _leaves(_resolved(_blocks("resource")[kind, _snake(name)]))
        # Where a part of the bucket says which bucket it belongs to.
        if (path, value) != ("bucket", "${bucket}") or kind == "aws_s3_bucket_policy"
    }

    for path in ONLY_CLOUDFORMATION.keys() & theirs.keys():
        assert theirs.pop(path) == ONLY_CLOUDFORMATION[path]
    for path in ONLY_TERRAFORM.keys() & ours.keys():
        assert ours.pop(path) == ONLY_TERRAFORM[path]
    assert ours == {words[path]: value for path, value in theirs.items()}


@pytest.mark.parametrize("name", sorted(cfn_yaml.load(str(TEMPLATE))["Resources"]))
def test_both_allow_the_same(name: str) -> None:
    found = _blocks("data").get(("aws_iam_policy_document", _snake(name)), {"statement": []})

    assert [_statement_of_terraform(said) for said in found["statement"]] == _statements(name)


def test_the_collector_may_do_what_it_does_and_nothing_else() -> None:
    policies = [name for name in _template()["Resources"] if name.startswith("Collector") and name != "Collector"]

    assert {action for name in policies for said in _statements(name) for action in said["actions"]} == COLLECTOR_MAY


def test_nothing_is_allowed_on_everything() -> None:
    allowed = [said for name in _template()["Resources"] for said in _statements(name) if said["effect"] == "Allow"]
    named = re.compile(r"\$\{[^}]+\}(/\$\{var\.prefix\}\*)?|arn:[^*]+:log-group:\$\{[^}]+\}:[^*]*\*?")

    for said in allowed:
        assert "*" not in "".join(said["actions"])
        if said["actions"] == ["cloudwatch:GetMetricData"]:
            assert said["resources"] == ["*"]
        elif said["actions"] == ["logs:DescribeLogGroups"]:
            assert said["resources"] == ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:*"]
        else:
            assert [resource for resource in said["resources"] if not named.fullmatch(resource)] == []


def test_firehose_sends_whole_subscription_messages() -> None:
    text = TEMPLATE.read_text() + (MODULE / "main.tf").read_text()

    assert not re.search(r"^\s*(ProcessingConfiguration|processing_configuration|Processors|processors)\b", text, re.M)


# moto has no CloudFormation for these; it warns, leaves them out and goes on. Nor has it for the stream, its log stream
# and the subscription, which no stack here has, for none has a FirehoseUrl.
NOT_PLAYED = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy")


@pytest.fixture
def endpoint() -> Iterator[str]:
    """moto's AWS on a port of its own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


_not_played = pytest.mark.filterwarnings(
    # A colon would end the message.
    f"ignore:Tried to parse ({'|'.join(NOT_PLAYED).replace(':', '.')}) but it's not supported by moto:UserWarning"
)


@_not_played
def test_a_stack_declares_sources_as_tracehub_reads_them(endpoint: str) -> None:
    outputs = _deploy(
        endpoint,
        "declares",
        CollectorPrincipalArn="arn:aws:iam::123456789012:role/tracehub",
        ExternalId="a-long-word",
        MoreLogGroupArns="arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/agent:*",
        KmsKeyArn="arn:aws:kms:eu-west-1:123456789012:key/1234",
    )

    access: dict[str, Any] = {
        "region": "eu-west-1",
        "role_arn": "arn:aws:iam::123456789012:role/declares-collector-eu-west-1",
        "external_id": "a-long-word",
    }
    assert _source(outputs["CloudwatchSource"]) == CloudWatchSource(
        name="declares-logs", log_groups=("/declares/traces",), **access
    )
    assert _source(outputs["S3Source"]) == S3Source(
        name="declares-bucket",
        bucket="declares-traces-123456789012-eu-west-1",
        prefix="traces/",
        queue_url=outputs["QueueUrl"],
        **access,
    )
    iam = _client(endpoint, "iam")
    policies = iam.list_role_policies(RoleName="declares-collector-eu-west-1")["PolicyNames"]
    assert policies == ["reads-logs", "reads-more-logs", "reads-bucket", "uses-key"]
    reads = iam.get_role_policy(RoleName="declares-collector-eu-west-1", PolicyName="reads-bucket")["PolicyDocument"]
    assert [said["Resource"] for said in reads["Statement"]] == [
        "arn:aws:s3:::declares-traces-123456789012-eu-west-1",
        "arn:aws:s3:::declares-traces-123456789012-eu-west-1/traces/*",
        "arn:aws:sqs:eu-west-1:123456789012:declares-traces",
    ]


@_not_played
def test_a_stack_without_a_role_declares_sources_without_one(endpoint: str) -> None:
    outputs = _deploy(endpoint, "roleless")

    assert "CollectorRoleArn" not in outputs
    assert _source(outputs["CloudwatchSource"]).role_arn is None
    assert _source(outputs["S3Source"]).role_arn is None


def test_a_stack_can_be_of_nothing_but_an_existing_log_group_and_a_role(endpoint: str) -> None:
    outputs = _deploy(
        endpoint,
        "bare",
        MakeLogGroup="false",
        MakeBucket="false",
        CollectorPrincipalArn="arn:aws:iam::123456789012:role/tracehub",
    )

    assert set(outputs) == {"LogGroupName", "LogGroupArn", "CollectorRoleArn", "CloudwatchSource"}
    assert _client(endpoint, "logs").describe_log_groups(logGroupNamePrefix="/bare/")["logGroups"] == []


@_not_played
def test_an_object_below_the_prefix_is_told_to_the_queue(endpoint: str) -> None:
    outputs = _deploy(endpoint, "tells")
    s3, sqs = _client(endpoint, "s3"), _client(endpoint, "sqs")
    # moto's CloudFormation makes the bucket but not its notifications, so they are set here as the template has them.
    told = _template()["Resources"]["Bucket"]["Properties"]["NotificationConfiguration"]["QueueConfigurations"][0]
    queue = sqs.get_queue_attributes(QueueUrl=outputs["QueueUrl"], AttributeNames=["All"])["Attributes"]
    s3.put_bucket_notification_configuration(
        Bucket=outputs["BucketName"],
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "QueueArn": queue["QueueArn"],
                    "Events": [told["Event"]],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "traces/"}]}},
                }
            ]
        },
    )

    s3.put_object(Bucket=outputs["BucketName"], Key="elsewhere/a.json", Body=b"{}")
    s3.put_object(Bucket=outputs["BucketName"], Key="traces/b.json", Body=b"{}")

    messages = sqs.receive_message(QueueUrl=outputs["QueueUrl"], MaxNumberOfMessages=10)["Messages"]
    announced = [found.object for message in messages for found in objects_in(message["Body"]).objects]
    assert [(found.bucket, found.key) for found in announced] == [(outputs["BucketName"], "traces/b.json")]
    assert queue["VisibilityTimeout"] == "300"
    assert queue["SqsManagedSseEnabled"] == "true"


@_not_played
def test_a_message_that_is_never_done_goes_to_the_dead_letters(endpoint: str) -> None:
    outputs = _deploy(endpoint, "dead")
    sqs = _client(endpoint, "sqs")
    sqs.send_message(QueueUrl=outputs["QueueUrl"], MessageBody="poison")

    received = []
    for _ in range(6):
        answer = sqs.receive_message(QueueUrl=outputs["QueueUrl"], VisibilityTimeout=0, WaitTimeSeconds=0)
        received += [message["Body"] for message in answer.get("Messages", [])]

    assert received == ["poison"] * 5
    dead = sqs.receive_message(QueueUrl=outputs["DeadLetterQueueUrl"], WaitTimeSeconds=0)["Messages"]
    assert [message["Body"] for message in dead] == ["poison"]


def _deploy(endpoint: str, name: str, **parameters: str) -> dict[str, str]:
    """The outputs of a stack with these parameters; its name sets it apart, for all of moto's servers share one AWS."""
    client = _client(endpoint, "cloudformation")
    given = {"Name": name, "LogGroupName": f"/{name}/traces", **parameters}
    client.create_stack(
        StackName=name,
        TemplateBody=TEMPLATE.read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
    )
    stack = client.describe_stacks(StackName=name)["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _client(endpoint: str, service: str) -> Any:
    return boto3.client(
        cast("Any", service),
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def _source(declaration: str) -> CloudWatchSource | S3Source:
    [declared] = tomllib.loads(declaration)["sources"]
    return read_source(declared)


# ---- Reading both. What they refer to is written as Terraform's main.tf would, without the kinds of resources.


@cache
def _template() -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(json.dumps(cfn_yaml.load(str(TEMPLATE)))))


@cache
def _module() -> dict[str, Any]:
    options = SerializationOptions(strip_string_quotes=True, with_comments=False)
    files = sorted(MODULE.glob("*.tf"))
    assert [file.name for file in files] == ["main.tf", "outputs.tf", "variables.tf", "versions.tf"]
    parsed = [hcl2.loads(file.read_text(), serialization_options=options) for file in files]
    return {
        kind: [block for file in parsed for block in file.get(kind, [])]
        for kind in ("variable", "locals", "data", "resource", "output")
    }


def _declared(kind: str) -> dict[str, Any]:
    return {name: body for block in _module()[kind] for name, body in block.items()}


def _blocks(kind: str) -> dict[tuple[str, str], Any]:
    return {
        (of, label): body
        for block in _module()[kind]
        for of, labelled in block.items()
        for label, body in labelled.items()
    }


def _locals() -> dict[str, str]:
    return {name: value for block in _module()["locals"] for name, value in block.items() if not name.startswith("__")}


def _terraform_text(value: object) -> str:
    match value:
        case dict():
            return "\n".join(_terraform_text(inner) for inner in value.values())
        case list():
            return "\n".join(_terraform_text(inner) for inner in value)
        case _:
            return str(value)


def _with_locals(expression: str) -> str:
    """The expression with what its locals stand for."""
    spelt = re.sub(r"\blocal\.(\w+)", lambda found: str(_locals()[found[1]]), expression)
    return spelt if spelt == expression else _with_locals(spelt)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _default(parameter: Mapping[str, Any]) -> object:
    default = parameter["Default"]
    if parameter["Type"] == "CommaDelimitedList":
        return [part for part in default.split(",") if part]
    if parameter.get("AllowedValues") == ["true", "false"]:
        return default == "true"
    return default


def _asked_by(condition: str) -> set[str]:
    """The parameters that a condition depends on."""
    text = json.dumps(_template()["Conditions"][condition])
    further = re.findall(r'"Condition": "(\w+)"', text)
    return {_snake(name) for name in re.findall(r'"Ref": "(\w+)"', text)}.union(*map(_asked_by, further))


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    match value:
        case dict():
            for name, inner in value.items():
                yield from _leaves(inner, f"{path}.{name}" if path else name)
        case [only]:
            yield from _leaves(only, path)
        case [*several]:
            yield path, several
        case _:
            yield path, value


PSEUDO = {
    "AWS::AccountId": "${local.account}",
    "AWS::Partition": "${local.partition}",
    "AWS::Region": "${local.region}",
    "AWS::NoValue": "null",
}


def _plain(value: Any) -> Any:
    """CloudFormation's value with its functions written out; policies are left out, for they are compared apart."""
    match value:
        case {"Ref": name}:
            return _reference(name)
        case {"Fn::GetAtt": [name, "Arn"]}:
            return f"${{{_snake(name)}.arn}}"
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: _reference(found[1]), text)
        case {"Fn::Sub": [str(text), dict(given)]}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: _plain(given.get(found[1], {"Ref": found[1]})), text)
        case {"Fn::If": [_, True, False]}:
            return "${local.with_key}"
        case {"Fn::If": [_, yes, no]}:
            return f"{_plain(yes)} or {_plain(no)}"
        case dict():
            return {name: _plain(inner) for name, inner in value.items() if not name.endswith("PolicyDocument")}
        case list():
            return [_plain(inner) for inner in value]
        case _:
            return value


def _reference(name: str) -> str:
    if name in PSEUDO:
        return PSEUDO[name]
    if name in _template()["Parameters"]:
        return f"${{var.{_snake(name)}}}"
    return f"${{{_snake(name.removesuffix('.Arn'))}{'.arn' if name.endswith('.Arn') else ''}}}"


_ABOUT = {"count", "depends_on", "lifecycle", "policy", "assume_role_policy"}


def _resolved(value: Any) -> Any:
    """Terraform's value in the same words."""
    match value:
        case dict():
            return {
                name: _resolved(inner)
                for name, inner in value.items()
                if not name.startswith("__") and name not in _ABOUT
            }
        case list():
            return [_resolved(inner) for inner in value]
        case str():
            return _resolved_text(value)
        case _:
            return value


def _resolved_text(text: str) -> Any:
    if "${local.bucket_name}" in text:
        name = _resolved_text(_locals()["bucket_name"])
        return text.replace("${local.bucket_name}", name)
    if found := re.fullmatch(r"\$\{jsonencode\(\{(.*)\}\)\}", text):
        return {
            name: int(said) if said.isdigit() else _resolved_text(f"${{{said}}}")
            for name, said in (part.split(" = ") for part in found[1].split(", "))
        }
    if found := re.fullmatch(r"\$\{[^?]* \? (.+) : (.+)\}", text):
        return " or ".join(_resolved_text(_quoted_or_expression(said)) for said in found.groups())
    return re.sub(r"\baws_\w+\.(\w+)\[0\](?:\.(?:id|name|url)\b)?", r"\1", text)


def _quoted_or_expression(said: str) -> str:
    if said.startswith('"'):
        return said.strip('"')
    return said if said == "null" else f"${{{said}}}"


def _statements(name: str) -> list[dict[str, Any]]:
    properties = _template()["Resources"][name].get("Properties", {})
    document = properties.get("PolicyDocument") or properties.get("AssumeRolePolicyDocument") or {"Statement": []}
    return [_statement_of_cloudformation(said) for said in document["Statement"]]


def _statement_of_cloudformation(said: dict[str, Any]) -> dict[str, Any]:
    match said.get("Condition", {}):
        case {"Fn::If": [_, condition, {"Ref": "AWS::NoValue"}]} | condition:
            pass
    principal = said.get("Principal", {})
    return {
        "sid": said["Sid"],
        "effect": said["Effect"],
        "actions": _list(said["Action"]),
        "resources": [_plain(resource) for resource in _list(said.get("Resource", []))],
        "principals": {"*": ["*"]}
        if principal == "*"
        else {kind: _list(_plain(who)) for kind, who in principal.items()},
        "conditions": [
            (test, variable, _list(_plain(value)))
            for test, compared in condition.items()
            for variable, value in compared.items()
        ],
    }


def _statement_of_terraform(said: dict[str, Any]) -> dict[str, Any]:
    dynamic = [block["condition"]["content"][0] for block in said.get("dynamic", [])]
    resources = _resolved(said.get("resources", []))
    return {
        "sid": said["sid"],
        "effect": said["effect"],
        "actions": said["actions"],
        "resources": _list(resources),
        "principals": {block["type"]: _resolved(block["identifiers"]) for block in said.get("principals", [])},
        "conditions": [
            (block["test"], block["variable"], _resolved(block["values"]))
            for block in [*said.get("condition", []), *dynamic]
        ],
    }


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
