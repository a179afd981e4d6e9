"""What a person needs who decides to call 120 or 110: the words to say. The program never dials by itself."""

from domain.incidents import SERVICE_LABELS

NUMBERS = tuple((service.value, label) for service, label in SERVICE_LABELS.items())


def script(*, community: str, address: str, phone: str, health: str) -> str:
    """Say what to tell the other end of the line, in the order in which they ask."""
    parts = [
        f"您好，这里是{community}。",
        f"有一位独居老人联系不上，地址是{address or '（请看登记的地址）'}。",
        "现场有我们的人员接应，请告知预计到达时间。",
    ]
    if health:
        parts.append(f"已知情况：{health}。")
    if phone:
        parts.append(f"老人电话 {phone}。")
    return "".join(parts)
