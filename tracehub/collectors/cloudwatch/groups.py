"""Who a log group belongs to, so that its pushed and its polled events are known as the same."""

import re
from typing import Any

from tracehub.collectors.aws_errors import AWS_ERRORS
from tracehub.model.source import CloudWatchSource

_ARN = re.compile(r"arn:[\w-]+:logs:([\w-]+):(\d{12}):log-group:([^:*]+)(?::\*)?\Z")
UNKNOWN_ACCOUNT = ""


def name_of(group: str) -> str:
    """The group's name, whether it was declared by name or by ARN."""
    arn = _ARN.match(group)
    return arn.group(3) if arn else group


def identifier_of(group: str) -> dict[str, str]:
    """How a request names the group: another account's needs its ARN."""
    arn = _ARN.match(group)
    return {"logGroupIdentifier": group.removesuffix(":*")} if arn else {"logGroupName": group}


def account_of(group: str, source: CloudWatchSource, logs: Any, sts: Any) -> str:
    """The 12 digits of the owner: from the ARN, else from the group's description, else from the credentials.

    UNKNOWN_ACCOUNT where nothing of this may be asked.
    """
    if arn := _ARN.match(group):
        return arn.group(2)
    if source.role_arn and (role := re.match(r"arn:[\w-]+:iam::(\d{12}):", source.role_arn)):
        return role.group(1)
    try:
        for described in logs.describe_log_groups(logGroupNamePrefix=group[:512], limit=50).get("logGroups", []):
            if described.get("logGroupName") == group and (arn := _ARN.match(described.get("arn", ""))):
                return arn.group(2)
    except AWS_ERRORS:
        pass
    try:
        return str(sts.get_caller_identity()["Account"])
    except AWS_ERRORS:
        return UNKNOWN_ACCOUNT
