"""What people do with an incident. Each: the key, the right, the rule, one conditional update, its event.

The ladder goes on by itself while somebody fills in a form, so that only what a person did since makes a form
stale; and what comes too late is kept on the timeline: somebody was at that door, and saw something.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Unpack
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import incident_tickets
from db.incident_end import end, needs_second
from db.incident_events import Call, append, check, fresh, incident_of, is_over, moment, newest_by
from db.incident_ladder import columns, restart
from db.models import CheckWindowRow, ConsentRow, IncidentRow
from db.writes import first_result, plain, remember
from domain import ladder
from domain.access import Actor
from domain.care import ALARMED, OVER, Scope, WindowState
from domain.errors import WrongState
from domain.incidents import (
    INCIDENT_LABELS,
    SAFE,
    Called,
    Cause,
    Found,
    Incident,
    IncidentAction,
    IncidentState,
    Method,
    Service,
    no_text,
)
from domain.ladder import Clock
from domain.text import clean_note, need

Work = Callable[[IncidentRow, datetime], IncidentRow]
NOBODY = "敲门没人应"


def acknowledge(tx: Session, *, eta_minutes: float = ladder.ETA_MINUTES, **call: Unpack[Call]) -> Incident:
    """接单: I see to it, and am there in so many minutes. It stops the clock for as long, no longer."""

    def work(row: IncidentRow, at: datetime) -> IncidentRow:
        incident_tickets.note_claim(tx, row, call["actor"], now=at)
        return answer(tx, row, IncidentAction.ACK, call["actor"], at, eta_minutes)

    return _once(tx, IncidentAction.ACK, call, {"eta": eta_minutes}, work, conflicts=(IncidentAction.ACK,))


def on_way(tx: Session, *, eta_minutes: float = ladder.ETA_MINUTES, **call: Unpack[Call]) -> Incident:
    def work(row: IncidentRow, at: datetime) -> IncidentRow:
        moved = _moved(row, IncidentState.DISPATCHED)
        return answer(tx, row, IncidentAction.ON_WAY, call["actor"], at, eta_minutes, moved)

    return _once(tx, IncidentAction.ON_WAY, call, {"eta": eta_minutes}, work)


def answer(
    tx: Session,
    row: IncidentRow,
    action: IncidentAction,
    actor: Actor,
    at: datetime,
    eta_minutes: float,
    more: dict[str, Any] | None = None,
) -> IncidentRow:
    clock = ladder.answered(clock_of(row), at, eta_minutes)
    values = {
        **columns(clock),
        "acked_by": actor.user_id,
        "acked_at": at,
        "eta_at": clock.next_at,
        "responder_id": actor.user_id,
    }
    detail = {"eta": eta_minutes}
    return append(tx, row, action, at=at, actor_id=actor.user_id, values=values | (more or {}), detail=detail)


def clock_of(row: IncidentRow) -> Clock:
    assert row.next_step_at is not None
    return Clock(row.step, row.repeat_no, row.next_step_at)


def _moved(row: IncidentRow, state: IncidentState) -> dict[str, Any]:
    """Go on to this state, never back from being there."""
    order = list(IncidentState)
    return {"state": state.value} if order.index(IncidentState(row.state)) < order.index(state) else {}


def called(tx: Session, *, reached: bool, whom: Called, note: str = "", **call: Unpack[Call]) -> Incident:
    """Note a telephone call and how it went; it stops no clock."""
    said = clean_note(note)
    detail = {"reached": reached, "whom": whom.value}

    def work(row: IncidentRow, at: datetime) -> IncidentRow:
        moved = _moved(row, IncidentState.VERIFYING)
        by = call["actor"].user_id
        return append(tx, row, IncidentAction.CALL, at=at, actor_id=by, values=moved, detail=detail, note=said)

    return _once(tx, IncidentAction.CALL, call, {**detail, "note": said}, work)


def nobody_answers(tx: Session, **call: Unpack[Call]) -> Incident:
    """没人应: told from the door, and no more than that; the next on the ladder is asked now if nobody is coming."""

    def work(row: IncidentRow, at: datetime) -> IncidentRow:
        values = {} if row.eta_at or row.next_step_at is None else {"next_step_at": min(row.next_step_at, at)}
        by = call["actor"].user_id
        return append(tx, row, IncidentAction.NOTE, at=at, actor_id=by, values=values, note=NOBODY)

    return _once(tx, IncidentAction.NOTE, call, {"said": NOBODY}, work)


def arrive(tx: Session, **call: Unpack[Call]) -> Incident:
    """到场: at the door; from now on half an hour until the next is asked."""
    return _once(
        tx, IncidentAction.ARRIVE, call, {}, lambda row, at: arrived(tx, row, call["actor"], at)
    )  # fmt: skip


def arrived(tx: Session, row: IncidentRow, actor: Actor, at: datetime, note: str = "") -> IncidentRow:
    clock = ladder.answered(clock_of(row), at, ladder.ON_SCENE_MINUTES)
    who = {"responder_id": actor.user_id, "on_scene_at": row.on_scene_at or at, "eta_at": None}
    values = {**_moved(row, IncidentState.ON_SCENE), **columns(clock), **who}
    return append(tx, row, IncidentAction.ARRIVE, at=at, actor_id=actor.user_id, values=values, note=note)


def enter(tx: Session, *, note: str, **call: Unpack[Call]) -> Incident:
    """应急开门: record who decided it and who was there, and whether the elder had agreed to it."""
    note = need(note, "请写明谁决定开门、谁在场（如民警、家属）。", "note")

    def work(row: IncidentRow, at: datetime) -> IncidentRow:
        detail = {"consent": has_agreed(tx, row.elder_id, Scope.ENTRY)}
        return _decided(tx, row, IncidentAction.ENTRY, IncidentState.ENTRY, call["actor"], at, detail, note)

    return _once(tx, IncidentAction.ENTRY, call, {"note": note}, work, right="incidents.decide")


def has_agreed(session: Session, elder_id: UUID, scope: Scope) -> bool:
    held = (ConsentRow.elder_id == elder_id, ConsentRow.scope == scope.value, ConsentRow.withdrawn_on.is_(None))
    return session.scalars(select(ConsentRow.id).where(*held)).first() is not None


def hand_over(tx: Session, *, service: Service, note: str = "", **call: Unpack[Call]) -> Incident:
    """已转120/110: a person decided and dialled; this only keeps that they did."""
    said = clean_note(note)

    def work(row: IncidentRow, at: datetime) -> IncidentRow:
        state, detail = IncidentState.HANDED_OVER, {"service": service.value}
        return _decided(tx, row, IncidentAction.HAND_OVER, state, call["actor"], at, detail, said)

    body = {"service": service, "note": said}
    return _once(tx, IncidentAction.HAND_OVER, call, body, work, right="incidents.decide")


def _decided(
    tx: Session,
    row: IncidentRow,
    action: IncidentAction,
    state: IncidentState,
    actor: Actor,
    at: datetime,
    detail: dict[str, Any],
    note: str,
) -> IncidentRow:
    clock = ladder.answered(clock_of(row), at, ladder.HANDED_OVER_MINUTES)
    values = {**_moved(row, state), **columns(clock), "eta_at": None}
    return append(tx, row, action, at=at, actor_id=actor.user_id, values=values, detail=detail, note=note)


def note(tx: Session, *, note: str, **call: Unpack[Call]) -> Incident:
    said = need(note, "请先写下要备注的内容。", "note")

    def work(row: IncidentRow, at: datetime) -> IncidentRow:
        return append(tx, row, IncidentAction.NOTE, at=at, actor_id=call["actor"].user_id, note=said)

    return _once(tx, IncidentAction.NOTE, call, {"note": said}, work, after_end=True)


def resolve(tx: Session, *, found: Found, method: Method, note: str = "", **call: Unpack[Call]) -> Incident:
    """结案: what was found, how one knows, who says so."""
    said, actor = clean_note(note), call["actor"]
    if found is Found.NOT_FOUND:
        said = need(note, "还没联系上就结案，请写明接下来谁跟进、怎么跟进。", "note")

    def work(row: IncidentRow, at: datetime) -> IncidentRow:
        if found is Found.NOT_FOUND:  # the ladder would end with nobody having been seen
            check(tx, actor, "incidents.review", row)
        alone = needs_second(tx, row, actor)
        settle_window(tx, row, found)
        return end(tx, row, actor, found, method, alone=alone, now=at, note=said)

    body = {"found": found, "method": method, "note": said}
    return _once(tx, IncidentAction.RESOLVE, call, body, work, right="incidents.close")


def settle_window(tx: Session, row: IncidentRow, found: Found) -> None:
    """Say on the look that was owed how it ended."""
    state = WindowState.CLEARED_LATE if found in SAFE else WindowState.CONFIRMED_EVENT
    _set_window(tx, row, state, ALARMED)


def _set_window(tx: Session, row: IncidentRow, state: WindowState, sources: frozenset[WindowState]) -> None:
    window = tx.get(CheckWindowRow, row.window_id, populate_existing=True) if row.window_id else None
    if window is not None and window.state in sources:
        window.state, window.next_at, window.version = state.value, None, window.version + 1


def review(tx: Session, *, note: str, **call: Unpack[Call]) -> Incident:
    """复盘: what is to be learned from it."""
    said = need(note, "请写下复盘的内容。", "note")

    def work(row: IncidentRow, at: datetime) -> IncidentRow:
        _need_over(row, "复盘")
        return append(tx, row, IncidentAction.REVIEW, at=at, actor_id=call["actor"].user_id, note=said)

    return _once(tx, IncidentAction.REVIEW, call, {"note": said}, work, right="incidents.review", after_end=True)


def reopen(tx: Session, *, note: str, **call: Unpack[Call]) -> Incident:
    """重新打开: from the bottom of its ladder again."""
    said = need(note, "请写明为什么重新打开。", "note")
    by = call["actor"].user_id

    def work(row: IncidentRow, at: datetime) -> IncidentRow:
        _need_over(row, "重新打开")
        alarmed = WindowState.ALARM if row.cause == Cause.NOT_LOOKED else WindowState.SEEN_CLOSED
        _set_window(tx, row, alarmed, OVER)
        incident_tickets.reopen_ticket(tx, row, by, now=at)
        return restart(tx, row, IncidentAction.REOPEN, at, by, {}, note=said)

    return _once(tx, IncidentAction.REOPEN, call, {"note": said}, work, right="incidents.review", after_end=True)


def _need_over(row: IncidentRow, what: str) -> None:
    if not is_over(row):
        raise WrongState(
            f"预警 {no_text(row.number)} 还在处置（{INCIDENT_LABELS[IncidentState(row.state)]}），不能{what}。"
        )


def _once(
    tx: Session,
    action: IncidentAction,
    call: Call,
    body: dict[str, Any],
    work: Work,
    *,
    right: str = "incidents.work",
    after_end: bool = False,
    conflicts: tuple[IncidentAction, ...] = (),
) -> Incident:
    """Do the work unless this key did it before: then give the incident as it now is."""
    actor, incident_id = call["actor"], call["incident_id"]
    request = {"do": f"incident.{action}", "actor": actor.user_id, "incident": incident_id, **body}
    if done := first_result(tx, call["key"], request):
        row = fresh(tx, done)
        check(tx, actor, "incidents.read", row)
        return incident_of(row)
    remember(tx, call["key"], request, incident_id, now=call["now"])
    row = _locked(tx, incident_id)
    check(tx, actor, right, row)
    at = moment(tx, row, call["now"])
    if is_over(row) and not after_end:
        return incident_of(_too_late(tx, row, action, call, body, at))
    if stale := newest_by(tx, row, conflicts, call["expected_version"]):
        raise stale
    return incident_of(work(row, at))


def _locked(tx: Session, incident_id: Any) -> IncidentRow:
    """Hold the window first, as a look does, then the incident."""
    row = fresh(tx, incident_id)
    if row.window_id is not None:
        tx.scalars(select(CheckWindowRow.id).where(CheckWindowRow.id == row.window_id).with_for_update()).first()
    tx.scalars(select(IncidentRow.id).where(IncidentRow.id == incident_id).with_for_update()).first()
    return fresh(tx, incident_id)


def _too_late(
    tx: Session, row: IncidentRow, action: IncidentAction, call: Call, body: dict[str, Any], at: datetime
) -> IncidentRow:
    """Keep what somebody did who couldn't know that it had ended; refuse whoever could."""
    if call["expected_version"] >= row.version:
        raise WrongState(
            f"预警 {no_text(row.number)} 已结束（{INCIDENT_LABELS[IncidentState(row.state)]}），需要时请重新打开。"
        )
    said = body.get("note", "")
    told = {name: plain(value) for name, value in body.items() if name != "note"}
    detail = {"late": action.value, **told}
    return append(tx, row, IncidentAction.NOTE, at=at, actor_id=call["actor"].user_id, detail=detail, note=said)
