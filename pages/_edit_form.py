"""The form that corrects a ticket."""

import streamlit as st

import db
from db import areas, categories
from domain.due import GRADE_LABELS, MATTER_LABELS, Grade, Matter
from pages._fields import Form, Values, area_words


def edit(form: Form) -> Values:
    ticket = form.detail.ticket
    held = {a.id: a for a in db.read(areas.visible, actor=form.actor) if a.community_id == ticket.community_id}
    listed = db.read(categories.listed, with_inactive=True)
    kinds = {c.id: c for c in listed if c.active or c.id == ticket.category_id}
    places, sorts = list(held), list(kinds)
    title = st.text_input("什么事", ticket.title, key=form.name("title"))
    address = st.text_input("在哪里", ticket.address, key=form.name("address"))
    area = st.selectbox(
        "辖区",
        places,
        places.index(ticket.area_id) if ticket.area_id in held else None,
        format_func=lambda key: area_words(held[key], held),
        placeholder="选择辖区",
        key=form.name("area"),
    )
    category = st.selectbox(
        "类别",
        sorts,
        sorts.index(ticket.category_id) if ticket.category_id in kinds else None,
        format_func=lambda key: kinds[key].label,
        placeholder="未分类",
        key=form.name("category"),
    )
    return (
        _reporter(form)
        | _merged(
            form,
            {
                "title": title,
                "address": address,
                "area_id": area or ticket.area_id,
                "category_id": category,
                "matter": st.pills(
                    "大小事",
                    list(Matter),
                    format_func=MATTER_LABELS.__getitem__,
                    default=ticket.matter,
                    key=form.name("matter"),
                ),
                "grade": form.pick("紧急程度", GRADE_LABELS, Grade(ticket.grade)),
                "description": st.text_area("详细情况", form.detail.description, key=form.name("description")),
                "open_to_volunteers": st.checkbox("志愿者可以认领", ticket.open_to_volunteers, key=form.name("open")),
            },
        )
        | {"note": form.note("修改说明（可不填）", lines=False)}
    )


def _merged(form: Form, typed: Values) -> Values:
    """Send what was changed here; what was left alone stays as a colleague has made it meanwhile."""
    ticket = form.detail.ticket
    current: Values = {name: getattr(ticket, name) for name in typed if name != "description"}
    current["description"] = form.detail.description
    opened = st.session_state.setdefault(form.name("opened"), current)
    return {name: current[name] if value == opened[name] else value for name, value in typed.items()}


def _reporter(form: Form) -> Values:
    """Correct who reported it, seen in full only; None leaves what is known."""
    person = form.detail.reporter
    name_key, phone_key = form.name("reporter"), form.name("phone")
    # what was typed stays although the quarter of an hour ends meanwhile
    if person and not person.revealed_until and name_key not in st.session_state:
        st.caption("要改反映人的姓名、电话，请先在下面点“查看完整信息”。")
        return {}
    known = (person.name, person.phone) if person else ("", "")
    left, right = st.columns(2)
    name = left.text_input("反映人", known[0], key=name_key, max_chars=40)
    phone = right.text_input("联系电话", known[1], key=phone_key, max_chars=20)
    same = (name, phone) == known
    return {"reporter_name": None if same else name, "reporter_phone": None if same else phone}
