"""What a new report leads to: a ticket of its own, one more voice of another, or being left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import drafts, similar, supports, tickets
from db.categories import Category
from db.similar import Similar
from domain import clock
from domain.access import DISPATCHERS, STAFF, Actor
from domain.areas import Area, Level
from domain.errors import Invalid, Refused
from domain.intake import emergency_word, find_area, guess_grade
from domain.tickets import Action, Ticket
from pages import _form, _new_leaving, _new_photos, _new_texts, _similar
from pages._new_leaving import NAME

SAID_WHY = "urgent-{}"
_NEW = "new"


@dataclass(frozen=True)
class Report:
    """The form as it now stands, and what its buttons ask for."""

    actor: Actor
    key: str  # of its fields
    held: Mapping[UUID, Area]
    kinds: Mapping[UUID, Category]
    values: Mapping[str, Any]

    def name(self, what: str) -> str:
        return f"{what}-{self.key}"

    def note(self, **what: Any) -> None:
        """Let a button's callback note what it asks for; it is done once the fields have been read."""
        st.session_state.update({self.name(name): value for name, value in what.items()})

    def want(self, one: Similar | None = None) -> None:
        self.note(wanted=one or _NEW)

    def insist(self) -> None:
        self.note(wanted=_NEW, anyway=True, asking=False)

    def similar(self) -> tuple[Similar, ...]:
        """Look for what it may repeat, once it is known what and where."""
        values, area = self.values, self._area()
        placed = values["address"].strip() or (area and area.level not in (Level.STREET, Level.COMMUNITY))
        if area is None or not values["title"].strip() or not placed:
            return ()
        return db.read(
            similar.similar,
            actor=self.actor,
            area_id=area.id,
            address=values["address"],
            title=values["title"],
            category_id=self._category(),
            now=clock.now(),
        )

    def act(self, found: Sequence[Similar]) -> None:
        """Do what was clicked; ask first, once, if this looks like what is already on the board."""
        wanted = st.session_state.pop(self.name("wanted"), None)
        try:
            if isinstance(wanted, Similar):
                self._join(wanted)
            elif wanted and _strong(found) and not st.session_state.get(self.name("anyway")):
                self.note(asking=True)
            elif wanted:
                self._register()
        except Refused as refused:
            _form.refuse(refused)

    def buttons(self, found: Sequence[Similar]) -> None:
        """Send, or leave. Questions come above: the second half of a double click must not answer them."""
        one, leaving = _strong(found), st.session_state.get(self.name("leaving"))
        asking = one if st.session_state.get(self.name("asking")) else None
        if asking:
            _similar.ask(asking, self.key, self.want, self.insist, self.back)
        elif leaving == "typed":
            _new_leaving.ask(self)
        held = bool(asking) or leaving == "typed"
        with st.container(horizontal=True):
            st.button("登记", type="primary", key=self.name("send"), on_click=self.want, disabled=held)
            st.button("先不登记", key=self.name("drop"), on_click=_new_leaving.leave, args=(self,), disabled=held)
        if leaving == "empty":
            _new_leaving.forget(self)

    def back(self) -> None:
        self.note(asking=False, leaving="")

    def _register(self) -> None:
        values, area = dict(self.values), self._area()
        pictures = values.pop("pictures")
        if area is None:
            raise Invalid("请选择辖区。", field="area_id")
        told = f"{values['title']} {values['description']}"
        word = "" if values["grade"] else emergency_word(told)
        values |= {"area_id": area.id, "category_id": self._category(), "grade": values["grade"] or guess_grade(told)}
        call = {"actor": self.actor, "key": _form.key(NAME), "now": clock.now()}
        ticket = db.run(drafts.sending(tickets.report, NAME), **call, **values)
        shown = _new_photos.add(ticket, pictures, call)
        words = (f"已登记，编号 {ticket.no}", _new_texts.urgent(word) if word else "", shown)
        self._open(ticket, words, Action.DISPATCH)

    def _join(self, one: Similar) -> None:
        """Join on the state the reader saw."""
        values = self.values
        said = dict.fromkeys(text.strip() for text in (values["title"], values["description"]))
        call = {"actor": self.actor, "key": _form.key(NAME), "now": clock.now()}
        seen = {"ticket_id": one.ticket_id, "expected_version": one.version}
        who = {"name": values["reporter_name"], "phone": values["reporter_phone"], "channel": values["channel"]}
        note = "\n".join(filter(None, said))
        ticket = db.run(drafts.sending(supports.add, NAME), **call, **seen, **who, note=note)
        shown = _new_photos.add(ticket, values["pictures"], call)
        self._open(ticket, (f"已并入 {ticket.no}，办好后会一并答复", shown))

    def _area(self) -> Area | None:
        """Give the area chosen, or the building in it that the address names."""
        chosen = self.values["area_id"]
        return find_area(self.values["address"], list(self.held.values()), self.held[chosen]) if chosen else None

    def _category(self) -> UUID | None:
        told = f"{self.values['title']} {self.values['description']}"
        chosen: UUID | None = self.values["category_id"]
        return chosen or _new_texts.guess(self.kinds, told)

    def _open(self, ticket: Ticket, words: tuple[str, ...], step: Action | None = None) -> None:
        """Go on to the ticket, for who dispatches a new one with that form open; a volunteer is done."""
        _new_leaving.retire()
        _form.done(NAME, "，".join(filter(None, words)))
        roles = self.actor.roles_at(ticket.area_path)
        # first the ticket: a run that the browser asks for in between must find one of the two
        if roles & STAFF:
            st.query_params["ticket"] = str(ticket.id)
        st.query_params.pop("new", None)
        if step and roles & DISPATCHERS:
            st.session_state["step"] = (ticket.id, step)
        st.rerun()


def _strong(found: Sequence[Similar]) -> Similar | None:
    return next((one for one in found if one.match.strong), None)
