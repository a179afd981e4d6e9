"""Service records: noted by one, vouched for by another. What they earn is in `db.awards`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import insert, select, tuple_, update
from sqlalchemy.orm import Session

from db.engine import one_row
from db.ledger import check_other_person
from db.models import AreaRow, PersonRow, ServiceRecordRow
from db.points import PAGE, check, may_see, names_of, people_of
from db.writes import first_result, remember
from domain.access import Actor
from domain.awards import TIMELESS, check_step, check_times, method_of
from domain.clock import local_date
from domain.errors import Changed, Invalid, NotAllowed, NotFound
from domain.ids import new_id
from domain.points import REASON_MAX, Method, RecordKind, RecordState
from domain.text import clean_note, need


@dataclass(frozen=True)
class Record:
    """A service record as commands return it: ids, states, figures."""

    id: UUID
    community_id: UUID
    area_id: UUID
    person_id: UUID
    kind: RecordKind
    state: RecordState
    method: Method
    started_at: datetime
    ended_at: datetime
    items: int
    points_tenths: int | None
    minutes: int
    why: str
    version: int


class Call(TypedDict):
    """What every step of a record carries."""

    actor: Actor
    record_id: UUID
    expected_version: int
    key: str
    now: datetime


def record_of(row: ServiceRecordRow) -> Record:
    return Record(
        row.id,
        row.community_id,
        row.area_id,
        row.person_id,
        RecordKind(row.kind),
        RecordState(row.state),
        Method(row.method),
        row.started_at,
        row.ended_at,
        row.items,
        row.points_tenths,
        row.minutes,
        row.why,
        row.version,
    )


def record(
    tx: Session,
    *,
    actor: Actor,
    person_id: UUID,
    area_id: UUID,
    kind: RecordKind,
    started_at: datetime,
    ended_at: datetime,
    key: str,
    now: datetime,
    items: int = 1,
    note: str = "",
    evidence_sha256: str | None = None,
    draft: bool = False,
) -> Record:
    """Note what somebody else did; on a later day it is a back-fill, which the award takes into account."""
    note = short(note)
    body = {"person": person_id, "area": area_id, "kind": kind, "from": started_at, "to": ended_at, "items": items}
    more = {"note": note, "evidence": evidence_sha256, "draft": draft}
    request = {"do": "record", "actor": actor.user_id, **body, **more}
    if done := first_result(tx, key, request):
        return record_of(tx.get_one(ServiceRecordRow, done))
    area = _area(tx, area_id)
    check(actor, "points.record", area.path)
    check_other_person(people_of(tx, actor), person_id)
    _check_known(tx, person_id, area)
    check_times(kind, started_at, ended_at, now)
    if not 1 <= items <= 200:
        raise Invalid("户数或次数要在1到200之间，请核对。", field="items")
    state = RecordState.DRAFT if draft else RecordState.SUBMITTED
    times = (ended_at if kind in TIMELESS else started_at, ended_at)
    facts = {"items": items, "note": note, "evidence_sha256": evidence_sha256, "recorded_by": actor.user_id}
    made = insert_record(
        tx, area, person_id, kind, state, method_of(ended_at, now), times, now, facts
    )  # fmt: skip
    remember(tx, key, request, made, now=now)
    return record_of(tx.get_one(ServiceRecordRow, made))


def insert_record(
    tx: Session,
    area: AreaRow,
    person_id: UUID,
    kind: RecordKind,
    state: RecordState,
    method: Method,
    times: tuple[datetime, datetime],
    now: datetime,
    more: dict[str, Any],
) -> UUID:
    """Write a record; rights and rules are the caller's business."""
    made = new_id()
    values = {
        "id": made,
        "community_id": area.community_id,
        "area_id": area.id,
        "area_path": area.path,
        "grid_id": _grid(tx, area),
        "person_id": person_id,
        "kind": kind.value,
        "state": state.value,
        "method": method.value,
        "started_at": times[0],
        "ended_at": times[1],
        "served_on": local_date(times[1]),
        "recorded_at": now,
    }
    tx.execute(insert(ServiceRecordRow).values(values | more))
    return made


def _area(tx: Session, area_id: UUID) -> AreaRow:
    row = tx.get(AreaRow, area_id)
    if row is None or row.community_id is None:
        raise NotFound("没有找到这个辖区，请选社区里的一处。")
    return row


def _grid(tx: Session, area: AreaRow) -> UUID | None:
    """Find the grid that the area is or lies in, by its path."""
    query = select(AreaRow.id, AreaRow.path).where(AreaRow.community_id == area.community_id, AreaRow.level == "grid")
    return next((grid for grid, path in tx.execute(query) if area.path.startswith(path)), None)


def _check_known(tx: Session, person_id: UUID, area: AreaRow) -> None:
    person = tx.get(PersonRow, person_id)
    if person is None or person.community_id != area.community_id:
        raise NotFound("没有找到这个人，请先登记姓名和电话，再记积分。")


def short(text: str) -> str:
    text = clean_note(text)
    if len(text) > REASON_MAX:
        raise Invalid(f"说明最多{REASON_MAX}个字，请精简。", field="note")
    return text


# --- the steps ---------------------------------------------------------------------------------------


def submit(tx: Session, **call: Unpack[Call]) -> Record:
    return step(tx, RecordState.SUBMITTED, "points.record", call)


def verify(tx: Session, **call: Unpack[Call]) -> Record:
    """Vouch for it, as a second person; the database refuses the one who noted it."""

    def work(row: ServiceRecordRow) -> dict[str, Any]:
        if row.recorded_by == call["actor"].user_id:
            raise NotAllowed("登记和核验要由两个人来做，请换一位同事核验。")
        return {"verified_by": call["actor"].user_id, "verified_at": call["now"]}

    return step(tx, RecordState.VERIFIED, "points.verify", call, work)


def reject(tx: Session, *, reason: str, **call: Unpack[Call]) -> Record:
    reason = short(need(reason, "请写明驳回的原因，登记的人要看。", "reason"))
    return step(tx, RecordState.REJECTED, "points.verify", call, lambda _: {"reason": reason}, reason=reason)


Work = Callable[[ServiceRecordRow], dict[str, Any]]


def step(
    tx: Session,
    target: RecordState,
    right: str,
    call: Call,
    work: Work | None = None,
    sources: Sequence[RecordState] = (),
    **body: Any,
) -> Record:
    """Take one step: the key, the locked record, the right, the rule, the posting, one conditional update."""
    request = {"do": f"record.{target}", "actor": call["actor"].user_id, "record": call["record_id"], **body}
    if done := first_result(tx, call["key"], request):
        return record_of(tx.get_one(ServiceRecordRow, done))
    remember(tx, call["key"], request, call["record_id"], now=call["now"])
    row = locked(tx, call["record_id"])
    check_on(row, call["actor"], people_of(tx, call["actor"]), right, target, sources)
    if row.version != call["expected_version"]:
        raise Changed("这条服务记录刚被别人改过，请看一看最新情况再继续。")
    values = work(row) if work else {}
    return write(tx, row, {"state": target.value, **values})


def locked(tx: Session, record_id: UUID) -> ServiceRecordRow:
    query = select(ServiceRecordRow).where(ServiceRecordRow.id == record_id).with_for_update()
    row = tx.scalars(query.execution_options(populate_existing=True)).first()
    if row is None:
        raise NotFound("没有找到这条服务记录，可能不在您的辖区。")
    return row


def check_on(
    row: ServiceRecordRow,
    actor: Actor,
    mine: frozenset[UUID],
    right: str,
    target: RecordState,
    sources: Sequence[RecordState],
) -> None:
    """Refuse who may not, whose own it is (`mine` are the persons the actor is), and what does not lead on."""
    check(actor, right, row.area_path)
    check_other_person(mine, row.person_id)
    check_step(RecordState(row.state), target, *sources)


def write(tx: Session, row: ServiceRecordRow, values: dict[str, Any]) -> Record:
    mine = (ServiceRecordRow.id == row.id, ServiceRecordRow.version == row.version)
    one_row(tx.execute(update(ServiceRecordRow).where(*mine).values(**values, version=row.version + 1)))
    return record_of(tx.get_one(ServiceRecordRow, row.id, populate_existing=True))


def listed(
    session: Session,
    *,
    actor: Actor,
    community_id: UUID,
    states: Sequence[RecordState] = (RecordState.SUBMITTED, RecordState.VERIFIED),
    after: tuple[date, UUID] | None = None,
    limit: int = PAGE,
) -> list[tuple[Record, str]]:
    """List records in these states with each one's masked name, the oldest day first.

    `after` is the last one's (served_on, id), of a list of one state.
    """
    row = ServiceRecordRow
    seen = may_see(session, actor, row.community_id, row.area_path, row.person_id)
    query = select(row).where(row.community_id == community_id, row.state.in_(states), seen)
    if after:
        query = query.where(tuple_(row.served_on, row.id) > after)
    rows = session.scalars(query.order_by(row.served_on, row.id).limit(limit)).all()
    names = names_of(session, (one.person_id for one in rows))
    return [(record_of(one), names.get(one.person_id, "")) for one in rows]
