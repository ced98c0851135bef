"""Alert rules, alerts, and who is told of them."""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, LargeBinary, String, Table

from tracehub.store.schema.columns import HexId, metadata, project

# The newest episode of each rule for each group; `details` is the rest of the Alert, as JSON.
alerts = Table(
    "alerts",
    metadata,
    project(),
    Column("alert_id", HexId, primary_key=True),
    Column("rule", String, nullable=False),
    Column("state", String(16), nullable=False),
    Column("pending_at", BigInteger, nullable=False),
    Column("fired_at", BigInteger),
    Column("resolved_at", BigInteger),
    Column("evaluated_at", BigInteger, nullable=False),
    Column("details", String, nullable=False),
    Index("ix_alerts_state", "project_id", "state", "pending_at"),
)

# Rules by name; `declaration` is JSON in the words of the rules' files. `last_evaluated_at` is the end of a window.
alert_rules = Table(
    "alert_rules",
    metadata,
    project(),
    Column("name", String, primary_key=True),
    Column("declaration", String, nullable=False),
    Column("declared_in", String(16), nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_evaluated_at", BigInteger),
    Column("last_error", String),
)

# What was found of an alert at each evaluation that raised, kept or ended it; `at` is the end of the window.
alert_history = Table(
    "alert_history",
    metadata,
    project(),
    Column("alert_id", HexId, primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double),
    Column("threshold", Double),
    Column("samples", BigInteger),
    Column("state", String(16), nullable=False),
    Index("ix_alert_history_at", "project_id", "at"),
)

# How people are told of alerts. Secrets that were entered in the UI are in `sealed`, not in the declaration (JSON).
alert_channels = Table(
    "alert_channels",
    metadata,
    project(),
    Column("name", String, primary_key=True),
    Column("declaration", String, nullable=False),
    Column("sealed", LargeBinary),
    Column("declared_in", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_sent_at", BigInteger),
    Column("last_error", String),
    Column("last_error_at", BigInteger),
)

# The alerts that share a message, and what was told of them; `content` is a Group, as JSON.
alert_groups = Table(
    "alert_groups",
    metadata,
    project(),
    Column("channel", String, primary_key=True),
    Column("group_id", HexId, primary_key=True),
    Column("flush_at", BigInteger),
    Column("content", String, nullable=False),
)

# What waits to be sent, and what was; `message` is JSON. Who sends one has it until `claimed_until`.
alert_notifications = Table(
    "alert_notifications",
    metadata,
    project(),
    Column("notification_id", HexId, primary_key=True),
    Column("channel", String, nullable=False),
    Column("group_id", HexId, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("message", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("claimed_until", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", BigInteger),
    Column("error", String),
    Index("ix_alert_notifications_state", "project_id", "state", "next_at"),
    Index("ix_alert_notifications_created", "project_id", "created_at"),
)

# Whom nobody is to be told of; `content` is a Silence, as JSON.
alert_silences = Table(
    "alert_silences",
    metadata,
    project(),
    Column("silence_id", HexId, primary_key=True),
    Column("ends_at", BigInteger),
    Column("content", String, nullable=False),
)
