"""Alerts of tests/browser/alerts.py that pages are named by."""

from tests.browser.hostile import MARK
from tracehub.alerting.evaluate import alert_id_of

HOSTILE = f"</bdi><script>alert('{MARK}')</script>\u202ex\x00 <img src=x onerror=alert(1)>"
TOOLS_FAIL = alert_id_of("Tools fail", (("agent", "ORDERHELP1"), ("tool", "refund_order")))
COSTS_TOO_MUCH = alert_id_of("Costs too much", (("agent", HOSTILE),))
