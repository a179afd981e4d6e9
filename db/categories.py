"""Categories in two levels: the tree shipped with the product, and the administrator's changes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from db.models import CategoryRow
from db.writes import audit, bump_all, first_result, remember, update_version
from domain import access
from domain.access import Actor
from domain.due import Matter
from domain.errors import Invalid, NotFound
from domain.ids import new_id

LONGEST_NAME = 40
# first level → (usual matter or none, second level); 维修, 卫生 and 安全 are the source documents' own
SHIPPED: dict[str, tuple[Matter | None, tuple[str, ...]]] = {
    "维修": (Matter.SMALL, ("楼道灯", "门禁对讲", "水管渗漏", "下水堵塞", "电梯", "路面台阶", "公共设施")),
    "卫生": (Matter.SMALL, ("楼道堆物", "垃圾清运", "乱贴广告", "消杀除虫", "宠物粪便")),
    "安全": (Matter.SMALL, ("消防通道", "电动车充电", "井盖", "高空坠物", "燃气用电", "治安")),
    "停车": (Matter.SMALL, ("乱停乱放", "车位划线", "充电桩", "非机动车")),
    "噪音": (Matter.SMALL, ("夜间装修", "广场舞", "设备噪音", "邻里噪音")),
    "环境绿化": (Matter.SMALL, ("树木修剪", "绿地损坏", "积水排涝", "油烟异味")),
    "物业服务": (Matter.SMALL, ("物业收费", "保安保洁", "维修资金", "业委会")),
    "邻里家事": (Matter.PRIVATE, ("夫妻矛盾", "邻里纠纷", "赡养抚养", "宅基房产")),
    "民生服务": (None, ("养老助老", "代购代办", "陪诊取药", "助残", "托幼")),
    "政策咨询": (None, ("社保医保", "低保救助", "户籍证件", "就业", "房屋政策")),
    "环境治理": (Matter.BIG, ("违章建筑", "老旧小区改造", "公共空间整治", "加装电梯")),
    "其他": (Matter.SMALL, ()),
}


@dataclass(frozen=True)
class Category:
    id: UUID
    parent_id: UUID | None
    parent_name: str
    name: str
    matter: Matter | None
    active: bool
    version: int

    @property
    def label(self) -> str:
        return f"{self.parent_name} / {self.name}" if self.parent_name else self.name


def listed(session: Session, *, with_inactive: bool = False) -> list[Category]:
    """List the categories, each parent followed by its children."""
    parent = aliased(CategoryRow)
    query = (
        select(CategoryRow, parent)
        .outerjoin(parent, CategoryRow.parent_id == parent.id)
        .order_by(CategoryRow.sort, CategoryRow.name)
    )
    rows = [(c, p) for c, p in session.execute(query) if with_inactive or c.active]
    found = [_category(c, p) for c, p in rows]
    tops = [c for c in found if c.parent_id is None]
    return [c for top in tops for c in (top, *(x for x in found if x.parent_id == top.id))]


def _category(row: CategoryRow, parent: CategoryRow | None) -> Category:
    return Category(
        row.id,
        row.parent_id,
        parent.name if parent else "",
        row.name,
        Matter(row.matter) if row.matter else None,
        row.active,
        row.version,
    )


def ensure_shipped(tx: Session) -> None:
    """Write the shipped tree into an installation that has no category yet."""
    if tx.scalars(select(CategoryRow.id).limit(1)).first():
        return
    for place, (name, (matter, children)) in enumerate(SHIPPED.items()):
        top = insert_category(tx, name, None, matter, sort=place)
        for child_place, child in enumerate(children):
            insert_category(tx, child, top, matter, sort=child_place)


def insert_category(tx: Session, name: str, parent_id: UUID | None, matter: Matter | None, *, sort: int = 99) -> UUID:
    row = CategoryRow(id=new_id(), parent_id=parent_id, name=name, matter=matter, sort=sort, version=1)
    tx.add(row)
    tx.flush()
    return row.id


def create(
    tx: Session,
    *,
    actor: Actor,
    name: str,
    parent_id: UUID | None,
    matter: Matter | None,
    key: str,
    now: datetime,
) -> UUID:
    access.check(actor, "settings")
    name = name.strip()
    request = {"do": "category", "name": name, "parent": parent_id, "matter": matter}
    if done := first_result(tx, key, request):
        return done
    _check_name(name)
    parent = tx.get(CategoryRow, parent_id) if parent_id else None
    if parent_id and (parent is None or parent.parent_id is not None):
        raise Invalid("类别只分两级，请选一个一级类别作为上级。", field="parent_id")
    _check_unused(tx, parent_id, name)
    made = insert_category(tx, name, parent_id, matter)
    audit(tx, "category.create", actor_id=actor.user_id, subject_id=made, now=now)
    remember(tx, key, request, made, now=now)
    return made


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(f"请填写类别名称，最多 {LONGEST_NAME} 个字。", field="name")


def _check_unused(tx: Session, parent_id: UUID | None, name: str, *, but: UUID | None = None) -> None:
    same = select(CategoryRow).where(CategoryRow.parent_id == parent_id, CategoryRow.name == name)
    held = tx.scalars(same.where(CategoryRow.id != (but or UUID(int=0)))).first()
    if held and held.active:
        raise Invalid(f"已有类别“{name}”，请换个名称。", field="name")
    if held:
        raise Invalid(f"已有停用的类别“{name}”，请恢复它，或换个名称。", field="name")


def change(
    tx: Session,
    *,
    actor: Actor,
    category_id: UUID,
    name: str,
    matter: Matter | None,
    active: bool,
    expected_version: int,
    now: datetime,
) -> None:
    access.check(actor, "settings")
    row, name = tx.get(CategoryRow, category_id), name.strip()
    if row is None:
        raise NotFound("没有找到这个类别。")
    _check_name(name)
    _check_unused(tx, row.parent_id, name, but=category_id)
    values = {"name": name, "matter": matter, "active": active}
    update_version(tx, CategoryRow, category_id, expected_version, values)
    bump_all(tx)
    audit(tx, "category.change", actor_id=actor.user_id, subject_id=category_id, now=now)
