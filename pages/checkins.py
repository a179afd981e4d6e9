"""平安守望: today at a glance, the register, who looks, visits and coverage, the desk's shift."""

from pages import _care_today, _form
from pages._session import require

actor = require("checkins.read")
_form.tell()
_care_today.live_tiles()
