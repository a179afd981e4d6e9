"""Refusals. Each carries the sentence that a person reads, in Chinese, saying what to do."""


class Refused(Exception):
    """A command that left everything as it was."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(Refused):
    """Something typed is missing or wrong; `field` names it in code."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NotAllowed(Refused):
    def __init__(self, message: str = "您没有做这一步的权限，请联系社区工作者。") -> None:
        super().__init__(message)


class NotFound(Refused):
    def __init__(self, message: str = "没有找到这条记录，可能已移走，或不在您的辖区。") -> None:
        super().__init__(message)


class WrongState(Refused):
    """The step does not lead on from where the record is now."""


class Changed(Refused):
    """Somebody else was first; the message says who did what."""


class KeyReused(Refused):
    def __init__(self) -> None:
        super().__init__("同一张表单已提交过别的内容，请刷新后重新填写。")


class Busy(Refused):
    def __init__(self) -> None:
        super().__init__("系统繁忙，请稍后重试，刚才的内容没有丢失。")


class LoginRefused(Refused):
    def __init__(self, message: str = "账号或密码不对，请再试一次。", *, wait_seconds: int = 0) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds
