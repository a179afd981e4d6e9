"""E-mail, webhooks and the rest, through apprise, which is loaded only when there is such a channel."""

import logging
from datetime import datetime

from db.channels import Line
from domain.delivery import ACCEPTED, Answer, Outcome
from domain.messages import PRODUCT
from jobs.channels import http


def send(line: Line, text: str, _now: datetime) -> Answer:
    import apprise  # half a second, and most installations have no such channel

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its lines would quote addresses
    # its id goes into HTTP headers, which take no Chinese
    told = apprise.Apprise(asset=apprise.AppriseAsset(app_id="Linli", app_desc=PRODUCT, async_mode=False))
    if not told.add(line.address):
        return Answer(Outcome.FINAL, "bad_address")
    http.leaves.get()()
    return ACCEPTED if told.notify(body=text, title=PRODUCT) else Answer(Outcome.REFUSED, "apprise")
