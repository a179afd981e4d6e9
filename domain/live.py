"""What a live page shows: each topic has a change stamp a community."""

from enum import StrEnum


class Topic(StrEnum):
    BOARD = "board"  # tickets
    CARE = "care"  # looks, incidents, absences
