"""Tables. No row of these leaves `db/`."""

from db.models.base import Base
from db.models.people import (
    AuditRow,
    DeviceRow,
    GrantRow,
    PartyAreaRow,
    PartyCategoryRow,
    PartyRow,
    PersonRow,
    RevealRow,
    SessionRow,
    ThrottleRow,
    UserRow,
)
from db.models.places import (
    AreaRow,
    CategoryRow,
    ChangeStampRow,
    CommandKeyRow,
    CounterRow,
    DayRow,
    SettingRow,
)
from db.models.tickets import (
    ImportBatchRow,
    ImportChangeRow,
    ImportMappingRow,
    TicketEventRow,
    TicketNoteRow,
    TicketRow,
    TicketTextRow,
)

__all__ = [
    "AreaRow",
    "AuditRow",
    "Base",
    "CategoryRow",
    "ChangeStampRow",
    "CommandKeyRow",
    "CounterRow",
    "DayRow",
    "DeviceRow",
    "GrantRow",
    "ImportBatchRow",
    "ImportChangeRow",
    "ImportMappingRow",
    "PartyAreaRow",
    "PartyCategoryRow",
    "PartyRow",
    "PersonRow",
    "RevealRow",
    "SessionRow",
    "SettingRow",
    "ThrottleRow",
    "TicketEventRow",
    "TicketNoteRow",
    "TicketRow",
    "TicketTextRow",
    "UserRow",
]
