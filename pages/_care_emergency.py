"""120, 110, the door: what to dial and what to say, for the person who decides. The program never dials."""

from html import escape

import streamlit as st

from db import incident_steps
from db.care_incident import Sheet
from domain.access import Actor
from domain.incidents import SERVICE_LABELS, Service
from pages import _care_steps, _form
from pages._care_steps import Step

_CALLS = {
    Service.AMBULANCE: "有老人需要急救，请派救护车。",
    Service.POLICE: "独居老人敲门、电话都没有应答，请派民警到场，可能要应急开门。",
    Service.FIRE: "独居老人家中可能有险情，请派人到场。",
}


def show(actor: Actor, sheet: Sheet) -> None:
    with st.expander("应急：120、110、开门（由人决定，系统不会拨打）", icon=":material/emergency:"):
        service = st.segmented_control(
            "要打给谁",
            list(Service),
            default=Service.AMBULANCE,
            required=True,
            format_func=SERVICE_LABELS.__getitem__,
            key="care-service",
        )
        service = service or Service.AMBULANCE
        st.html(_script(sheet, service))
        if not sheet.person.revealed_until:
            st.caption("住址、电话和过敏等健康信息要先在上面点“查看完整信息”，选用途“紧急情况”，这里才会显示。")
        one = Step(
            "已转", incident_steps.hand_over, "incidents.decide", lambda key: _handed(service, key), "已记下转交"
        )
        _small(actor, sheet, f"hand-{service}", f"已打 {service}，记下来", one)
        consent = "本人事先同意紧急时开门。" if sheet.may_enter else "本人没有事先同意开门，请由民警或家属在场决定。"
        st.markdown(f"**应急开门**　{consent}")
        door = Step("应急开门", incident_steps.enter, "incidents.decide", _door, "已记下应急开门")
        _small(actor, sheet, "enter", "记下应急开门", door)


def _script(sheet: Sheet, service: Service) -> str:
    """Write what to say, with address and allergies once they were asked for."""
    person = sheet.person
    lines = [f"我是社区的值班人员。{_CALLS[service]}"]
    if person.revealed_until:
        lines.append(f"地址：{person.address or '未登记门牌'}（{sheet.building} {sheet.place}）")
        lines.append(f"老人：{person.name}，电话 {person.phone or '未登记'}")
        if service is Service.AMBULANCE:
            lines.append(f"健康信息：{sheet.health or '没有登记，或本人没有同意登记'}")
    else:
        lines.append(f"地址：{sheet.building}（门牌见“查看完整信息”）")
    said = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return f'<div class="linli-call"><b>{service.value}</b>请用电话拨打，然后照着念：{said}</div>'


def _handed(service: Service, key: str) -> dict[str, object]:
    note = st.text_input("接警人、预计到达等（可不填）", key=f"note-{key}")
    return {"service": service, "note": note}


def _door(key: str) -> dict[str, object]:
    return {"note": st.text_input("谁决定、谁在场", key=f"note-{key}", placeholder="例如 周书记决定，民警和女儿在场")}


def _small(actor: Actor, sheet: Sheet, name: str, label: str, step: Step) -> None:
    form = f"{sheet.incident.id.hex}-{name}"
    key = _form.key(form)
    with st.form(f"care-{key}", border=False):
        values = step.fields(key)
        said = st.container()
        sent = st.form_submit_button(label, key=f"send-{key}")
    if sent:
        with said:
            _care_steps.take(actor, sheet, step, values, form)
