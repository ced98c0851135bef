"""Messages arrive over real SMTP and real SNS; kinds of channels that must not be used are refused."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import msgspec
import pytest
from apprise.plugins.opsgenie import OPSGENIE_API_LOOKUP, OpsgenieRegion
from apprise.plugins.pagerduty import PAGERDUTY_API_LOOKUP, PagerDutyRegion

from tests.alerting.alerts import HOUR, NOW, firing, resolved
from tests.alerting.mailbox import Mailbox, receiving_mail
from tests.alerting.receiver import Answer, receiving
from tests.aws.moto_server import moto
from tracehub.alerting.channels.by_apprise import hidden, without_secrets
from tracehub.alerting.channels.delivered import RefusedError, RetryLaterError
from tracehub.alerting.delivery import Terms, check, deliver
from tracehub.alerting.trial import send_test
from tracehub.errors import PermanentError, TransientError
from tracehub.model.alert import Alert
from tracehub.model.channel import AppriseChannel, Channel, SnsChannel, WebhookChannel
from tracehub.model.notification import Message, Notification, Sending
from tracehub.outbound import Outbound, RefusedAddressError

LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with receiving_mail() as found:
        yield found


@pytest.fixture
def terms() -> Iterator[Terms]:
    outbound = Outbound(LOOPBACK)
    yield Terms(outbound=outbound, public_url="https://traces.example", clock=lambda: NOW)
    outbound.close()


def notification(*alerts: Alert, over: tuple[Alert, ...] = ()) -> Notification:
    return Notification(
        notification_id="ef" * 16,
        channel="x",
        group_id="00" * 16,
        number=1,
        state=Sending.WAITING,
        message=Message(labels={"alertname": "Tool errors"}, firing=alerts, resolved=over, again=False),
        created_at=NOW,
        next_at=NOW,
        attempts=0,
        sent_at=None,
        error=None,
    )


def email(mailbox: Mailbox) -> AppriseChannel:
    where = f"127.0.0.1:{mailbox.port}"
    return AppriseChannel(name="mail", url=f"mailto://{where}?smtp=127.0.0.1&from=tracehub@x.example&to=ops@x.example")


def test_an_email_tells_what_fires_and_leads_to_it(mailbox: Mailbox, terms: Terms) -> None:
    deliver(email(mailbox), notification(firing()), terms)
    mail = mailbox.mails.get(timeout=10)
    assert mail["to"] == "ops@x.example"
    assert mail["subject"] == "[Firing] Tool error rate of tool-1 is 25 %, above 10 %: 40 tool calls in 15m"
    text = mail.get_body(("plain", "html")).get_content()  # type: ignore[union-attr]
    for said in (
        "CRITICAL: Tool error rate of tool-1 is 25 %",
        "12 × room is required",
        f"https://traces.example/alerts/{firing().alert_id}",
        "https://traces.example/sessions?tool=tool-1&since=1&until=2",
        "https://wiki.example/tools",
    ):
        assert said in text


def test_an_email_tells_that_it_is_over_and_how_long_it_was(mailbox: Mailbox, terms: Terms) -> None:
    deliver(email(mailbox), notification(over=(resolved(firing(), NOW + 5_400_000_000),)), terms)
    mail = mailbox.mails.get(timeout=10)
    assert str(mail["subject"]).startswith("[Resolved]")
    assert "It lasted 1h30m." in mail.get_body(("plain", "html")).get_content()  # type: ignore[union-attr]


def test_hostile_text_neither_adds_headers_nor_calls_everybody(mailbox: Mailbox, terms: Terms) -> None:
    bad = "x\r\nBcc: evil@x.example\r\n\r\n@channel <!here> \u202e<b>bold</b>"
    deliver(email(mailbox), notification(firing(summary=bad, evidence=(bad,))), terms)
    mail = mailbox.mails.get(timeout=10)
    assert mail["bcc"] is None
    text = mail.get_body(("plain", "html")).get_content()  # type: ignore[union-attr]
    assert "@channel" not in text
    assert "<!here" not in text
    assert "\u202e" not in text


def test_a_mail_server_that_refuses_is_tried_again(mailbox: Mailbox, terms: Terms) -> None:
    mailbox.refuses = "451 later"
    with pytest.raises(RetryLaterError):
        deliver(email(mailbox), notification(firing()), terms)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("json://127.0.0.1/", "webhook"),
        ("syslog://", "kind"),
        ("dbus://", "kind"),
        ("windows://", "kind"),
        ("macosx://", "kind"),
        ("rsyslog://127.0.0.1", "kind"),
        ("apprise://127.0.0.1/x", "kind"),
        ("mqtt://127.0.0.1/x", "kind"),
        ("no url at all", "kind"),
        ("slack://nothing", "cannot read"),
    ],
)
def test_kinds_that_must_not_be_used_are_refused(url: str, said: str, terms: Terms) -> None:
    with pytest.raises(RefusedError, match=said):
        check(AppriseChannel(name="x", url=url), terms.outbound)


@pytest.mark.parametrize(
    "url",
    [
        "ntfy://127.0.0.1/topic",
        "gotify://169.254.169.254/token12345",
        "mailto://user:pw@example.com?smtp=10.0.0.1",
        "mmost://localhost/3ccdd113474722377935511fc85d3dd4",
        "workflows://127.0.0.1/abcdefgh/sig123456",
        "zulip://bot@metadata.localhost/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/ops",
        "betterstack://aaaaaaaaaaaaaaaaaaaaaaaa@10.1.2.3",
        "matrixs://user:pass@10.1.2.3/%23ops",
    ],
)
def test_services_at_addresses_inside_are_refused(url: str) -> None:
    with pytest.raises(RefusedAddressError, match="leads to"):
        check(AppriseChannel(name="x", url=url), Outbound(resolve=lambda host, port: ["10.1.2.3"]))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?template=/etc/passwd", "template"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?%74emplate=http://169.254.169.254/", "template"),
        ("workflows://8.8.8.8/abcdefgh/sig123456?template=file:///etc/passwd", "template"),
        ("mailto://u:p@8.8.8.8?from=a@x.example&to=b@x.example&pgppub=/etc/passwd", "PGP"),
        ("mailto://u:p@8.8.8.8?from=a@x.example&to=b@x.example&wkd=yes", "PGP"),
    ],
)
def test_urls_that_send_files_or_fetch_from_elsewhere_are_refused(url: str, said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        check(AppriseChannel(name="x", url=url), Outbound())


@pytest.mark.parametrize("url", ["ntfy://our-alerts", "ntfys://our-alerts", "discord://4174216298/JHMHI8qBe7bk2ZwO5U7"])
def test_services_at_addresses_of_their_own_need_no_look_at_names(url: str) -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise AssertionError(host)

    check(AppriseChannel(name="x", url=url), Outbound(resolve=resolve))


def test_a_pager_opens_one_incident_for_a_group_and_closes_it(monkeypatch: pytest.MonkeyPatch, terms: Terms) -> None:
    channel = AppriseChannel(name="x", url="pagerduty://ABCDEFGHIJKLMNOPQRST@aaaaaaaaaaaaaaaaaaaa")
    with receiving() as receiver:
        monkeypatch.setitem(PAGERDUTY_API_LOOKUP, PagerDutyRegion.US, receiver.url)
        deliver(channel, notification(firing()), terms)
        deliver(channel, notification(over=(resolved(firing(), NOW + HOUR),)), terms)
        told = [msgspec.json.decode(request.body) for request in receiver.requests]
    assert [(each["event_action"], each["dedup_key"]) for each in told] == [
        ("trigger", "00" * 16),
        ("resolve", "00" * 16),
    ]
    assert told[0]["payload"]["severity"] == "critical"


def test_opsgenie_closes_the_alert_that_another_process_opened(monkeypatch: pytest.MonkeyPatch, terms: Terms) -> None:
    channel = AppriseChannel(name="x", url="opsgenie://8f2a1c44-aaaa-bbbb-cccc-123412341234/")
    with receiving() as receiver:
        monkeypatch.setitem(OPSGENIE_API_LOOKUP, OpsgenieRegion.US, receiver.url)
        receiver.answers.append(Answer(202, body=b'{"requestId": "43a29c5c-3dbf-4fa4-9c26-f4f71023e120"}'))
        deliver(channel, notification(firing()), terms)
        over = notification(over=(resolved(firing(), NOW + HOUR),))
        assert deliver(channel, over, terms) == "Opsgenie answered 200"
        opened, closed = receiver.requests
        receiver.answers.append(Answer(429))
        with pytest.raises(RetryLaterError, match="429"):
            deliver(channel, over, terms)
    assert msgspec.json.decode(opened.body)["alias"] == "00" * 16
    assert closed.path == f"/hook/{'00' * 16}/close?identifierType=alias"
    assert closed.headers["authorization"] == opened.headers["authorization"]


def test_a_known_service_passes_and_its_url_is_not_shown() -> None:
    url = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#alerts"
    check(AppriseChannel(name="x", url=url), Outbound())
    assert hidden(url) == "slack://…"
    assert without_secrets("refused TIiajkdnlazkcOXrIdevi7FQ of T1JJ3T3L2", url) == "refused … of …"


def test_a_channel_takes_its_secrets_from_the_environment_and_from_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, terms: Terms
) -> None:
    file = tmp_path / "hook"
    file.write_text("http://127.0.0.1:9/secret\n")
    channel = WebhookChannel(name="hook", url=f"file:{file}", secret="env:HOOK_SECRET")
    with pytest.raises(PermanentError, match="HOOK_SECRET"):
        deliver(channel, notification(firing()), terms)
    monkeypatch.setenv("HOOK_SECRET", "something")
    with pytest.raises(TransientError, match="did not answer"):
        deliver(channel, notification(firing()), terms)
    with pytest.raises(PermanentError, match="cannot be read"):
        deliver(WebhookChannel(name="hook", url="file:/nowhere/at/all"), notification(firing()), terms)


def test_neither_a_check_nor_a_test_reads_secrets_for_who_enters_a_channel(tmp_path: Path, terms: Terms) -> None:
    file = tmp_path / "secret"
    with receiving() as receiver:
        file.write_text(receiver.url)
        channel = WebhookChannel(name="x", url=f"file:{file}")
        with pytest.raises(PermanentError, match="configuration file"):
            check(channel, terms.outbound)
        said, went_well = send_test(channel, terms, test_id="ab" * 16)
        assert not went_well
        assert "configuration file" in said
        assert receiver.requests == []
        assert send_test(channel, terms, test_id="ab" * 16, entered=False) == ("it answered 200", True)


@pytest.mark.parametrize("template", ['{"a": $nothing}', '{"a": "$"}', '{"a": $text}', '{"a": "$alerts"}', "$subject"])
def test_a_template_that_cannot_be_filled_is_refused(template: str, terms: Terms) -> None:
    channel = WebhookChannel(name="x", url="http://127.0.0.1:9/", form="template", template=template)
    with pytest.raises(PermanentError, match="template"):
        check(channel, terms.outbound)


@pytest.fixture
def sns(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with moto() as address:
        yield address


def test_a_topic_of_sns_passes_it_on(sns: str, terms: Terms) -> None:
    region = {"region_name": "eu-central-1", "endpoint_url": sns}
    topics, queues = boto3.client("sns", **region), boto3.client("sqs", **region)
    topic = topics.create_topic(Name="alerts-of-a-test")["TopicArn"]
    url = queues.create_queue(QueueName="alerts-of-a-test")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    channel: Channel = SnsChannel(name="topic", topic_arn=topic, endpoint_url=sns)
    deliver(channel, notification(firing()), terms)
    (found,) = queues.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    told = msgspec.json.decode(msgspec.json.decode(found["Body"])["Message"])
    assert told["status"] == "firing"
    assert told["notification_id"] == "ef" * 16


def test_an_endpoint_of_sns_inside_is_refused() -> None:
    channel = SnsChannel(
        name="topic", topic_arn="arn:aws:sns:eu-central-1:123456789012:x", endpoint_url="http://169.254.169.254/"
    )
    with pytest.raises(RefusedAddressError):
        check(channel, Outbound(LOOPBACK))


def test_a_topic_that_is_not_there_is_given_up(sns: str, terms: Terms) -> None:
    arn = "arn:aws:sns:eu-central-1:123456789012:no-such-topic"
    with pytest.raises(RefusedError, match="NotFound"):
        deliver(SnsChannel(name="topic", topic_arn=arn, endpoint_url=sns), notification(firing()), terms)
