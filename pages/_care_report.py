"""What the desk does from the tiles: 代录 for a round that came in by paper or telephone."""

from domain.access import Actor
from domain.care_board import CareBoard


def buttons(actor: Actor, board: CareBoard) -> None:
    del actor, board
