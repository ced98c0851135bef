"""What users ask, tools return and handbooks say."""

from random import Random
from typing import Any

import orjson

Json = dict[str, Any]

ORDER_QUESTIONS = (
    "Where is my order {order}? I ordered it last week and it has not arrived yet.",
    "Please refund order {order}, the tent came with a broken pole.",
    "Can you cancel {order}? I picked the wrong size.",
    "Wo ist meine Bestellung {order}? Sie sollte gestern ankommen.",
    "我的订单 {order} 到哪里了？",
    "注文 {order} はいつ届きますか？",
    "أين طلبي {order}؟",
    "Order {order} 📦 was marked delivered but nothing is here!",
)
HR_QUESTIONS = (
    "How many days of parental leave do I get?",
    "What is the travel allowance for a day in Lisbon?",
    "Can I carry unused vacation days into the next year?",
    "Who approves a sabbatical, and how long may it be?",
)
HOSTILE = (
    "<script>alert('order')</script><img src=x onerror=alert(1)> where is {order}?",
    "order {order} \u202etxt.exe\u202c and a zero \x00 and a bell \x07",
    "{order} " + "very-long-line-" * 120,
)
HANDBOOK = (
    "Employees are entitled to parental leave from the first day of employment. The company tops up the statutory "
    "allowance to full pay for sixteen weeks, which may be split into at most three blocks. ",
    "Daily allowances follow the list of the finance ministry. Meals provided by the host are deducted: breakfast by "
    "20 percent, lunch and dinner by 40 percent each. Receipts are not needed for allowances. ",
    "Up to five vacation days may be carried over until the end of March. More needs the consent of the manager and "
    "of the people team, and is granted only where operational needs made it impossible to take them. ",
    "A sabbatical lasts three to twelve months, can be taken after four years, and is agreed in writing at least six "
    "months before. Health insurance continues; the company car is returned. ",
)
WHERE = ("S3", "WEB", "CONFLUENCE", "SALESFORCE", "SHAREPOINT", "CUSTOM", "KENDRA", "SQL", "ONEDRIVE", "GOOGLEDRIVE")
_MEMBERS = {
    "S3": ("s3Location", "uri", "s3://handbook/people/chapter-{n}.pdf"),
    "WEB": ("webLocation", "url", "https://handbook.example.com/people/{n}"),
    "CONFLUENCE": ("confluenceLocation", "url", "https://wiki.example.com/x/{n}"),
    "SALESFORCE": ("salesforceLocation", "url", "https://crm.example.com/article/{n}"),
    "SHAREPOINT": ("sharePointLocation", "url", "https://share.example.com/sites/hr/{n}"),
    "CUSTOM": ("customDocumentLocation", "id", "handbook-{n}"),
    "KENDRA": ("kendraDocumentLocation", "uri", "https://kendra.example.com/doc/{n}"),
    "SQL": ("sqlLocation", "query", "SELECT days FROM leave_policy WHERE chapter = {n}"),
    "ONEDRIVE": ("oneDriveLocation", "url", "https://drive.example.com/one/{n}"),
    "GOOGLEDRIVE": ("googleDriveLocation", "url", "https://drive.example.com/g/{n}"),
}


def reference(chance: Random, kind: str | None = None) -> Json:
    """One retrieved passage of about 800 bytes."""
    kind = kind or chance.choice(("S3", "S3", "WEB", "CONFLUENCE"))
    member, name, pattern = _MEMBERS[kind]
    number = chance.randint(1, 40)
    text = "".join(chance.choice(HANDBOOK) for _ in range(3))
    return {
        "content": {"text": text, "type": "TEXT"},
        "location": {member: {name: pattern.format(n=number)}, "type": kind},
        "metadata": {
            "x-amz-bedrock-kb-chunk-id": f"1%3A0%3A{chance.getrandbits(60):015x}",
            "x-amz-bedrock-kb-data-source-id": "HRDATASRC1",
            "x-amz-bedrock-kb-document-page-number": float(number),
        },
    }


def order_json(chance: Random, order: str) -> str:
    """What get_order returns: about 900 bytes."""
    items = [
        {"sku": f"TR-{chance.randint(1000, 9999)}", "name": name, "quantity": chance.randint(1, 3), "price": price}
        for name, price in chance.sample(_GOODS, 3)
    ]
    return orjson.dumps(
        {
            "order": order,
            "status": chance.choice(("shipped", "packed", "delivered")),
            "placed": "2026-11-12T09:14:00Z",
            "items": items,
            "failed": 0,
            "address": {"city": chance.choice(("Utrecht", "Graz", "Lyon", "Malmö")), "country": "EU"},
            "carrier": {"name": "ParcelCo", "tracking": f"PC{chance.getrandbits(40):012d}"},
            "notes": "Leave with the neighbour if nobody opens. The depot holds parcels for seven days.",
        }
    ).decode()


_GOODS = (
    ("Two-person tent", 219.0),
    ("Down sleeping bag", 189.5),
    ("Gas stove", 64.9),
    ("Trekking poles", 79.0),
    ("Head torch", 39.9),
)
