"""Write docs/tickets.md from the one table of steps: `python docs/make_tickets.py`."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from domain.access import ROLE_LABELS, Role  # noqa: E402
from domain.due import GRADE_LABELS, SPAN_LABELS  # noqa: E402
from domain.steps import TRANSITIONS, Transition  # noqa: E402
from domain.tickets import COLUMN_LABELS, COLUMN_STATUSES, STATUS_LABELS, Status, Tie  # noqa: E402

TIES = {Tie.HANDLER: "处理人本人", Tie.REPORTER: "登记人", Tie.DISPATCHER: "派单人"}
NEEDS = {
    "title": "事项",
    "handler_id": "处理人",
    "reached": "是否联系上",
    "result_class": "处理结果",
    "note": "说明",
    "satisfaction": "满意度",
    "reject_reason": "原因",
}


def page() -> str:
    columns = [
        f"- **{COLUMN_LABELS[column]}**：{'、'.join(STATUS_LABELS[s] for s in statuses)}"
        for column, statuses in COLUMN_STATUSES.items()
    ]
    grades = "、".join(f"{GRADE_LABELS[grade]} {SPAN_LABELS[grade]}" for grade in GRADE_LABELS)
    lines = [
        "# 工单的步骤",
        "",
        "<!-- made by docs/make_tickets.py from domain/steps.py; a test holds the two together -->",
        "",
        "看板四列：",
        "",
        *columns,
        "",
        f"时限：{grades}；小事和私事当天办结，17 点后上报的到次日 12 点；退回重办和重新打开另计，最长 3 天。",
        "",
        "| 步骤 | 从 | 到 | 谁可以 | 要填 |",
        "|---|---|---|---|---|",
        *(_line(step) for step in TRANSITIONS.values()),
        "",
        "“到”为“不变”的步骤只留下记录。以上之外的走法一律拒绝，并说明原因。",
    ]
    return "\n".join(lines) + "\n"


def _line(step: Transition) -> str:
    sources = "任何状态" if step.sources == set(Status) else _names(step.sources) or "—"
    targets = "任何状态" if set(step.targets) == set(Status) else "、".join(map(STATUS_LABELS.get, step.targets))  # type: ignore[arg-type]
    who = [ROLE_LABELS[role] for role in Role if role in step.roles]
    who += [TIES[tie] for tie in Tie if tie in step.ties]
    needs = "、".join(NEEDS[need] for need in step.needs) or "—"
    return f"| {step.label} `{step.action}` | {sources} | {targets or '不变'} | {'、'.join(who)} | {needs} |"


def _names(statuses: frozenset[Status]) -> str:
    return "、".join(STATUS_LABELS[s] for s in Status if s in statuses)


if __name__ == "__main__":
    (HERE / "tickets.md").write_text(page(), encoding="utf-8")
