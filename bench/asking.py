"""What `run.py bench` and `run.py soak` were asked for, from words to calls."""

import argparse
import re

from bench import board, charts, checkins, points, running, soak_checkins, soak_kills, soak_points
from domain.errors import Refused

QUICK = 5


def measure(asked: argparse.Namespace) -> None:
    running.pace = QUICK if asked.quick else 1
    sizes = (asked.sizes or "10k,1M,10M").split(",")
    match asked.what:
        case "points" if asked.sizes:
            raise Refused("积分账只测一种规模，请去掉 --sizes。")
        case "points":
            points.run(json=asked.json)
        case "checkins":
            checkins.run([elders(size) for size in sizes] if asked.sizes else checkins.SIZES, json=asked.json)
        case "charts":
            charts.run(sizes, data=asked.data, json=asked.json, in_browser=not asked.no_browser)
        case "board":
            boards = [int(number) for number in asked.boards.split(",") if number.strip().isdigit()]
            board.run(sizes, boards, data=asked.data, json=asked.json, in_browser=not asked.no_browser)


def elders(text: str) -> int:
    """Read how many elders: 1160, 100k, 1M."""
    match = re.fullmatch(r"([1-9]\d{0,6})([kM]?)", text.strip())
    if match is None:
        raise Refused(f"看不懂规模“{text}”，请写老人数，例如 --sizes 1160,100k,1M。")
    return int(match[1]) * {"": 1, "k": 1000, "M": 1_000_000}[match[2]]


def soak(asked: argparse.Namespace) -> int:
    """Give 0 if nothing broke."""
    if asked.what == "points":
        kills = 1000 if asked.kills is None else asked.kills
        return soak_points.run(kills, asked.stories, asked.steps, postgres=asked.postgres)
    wrong = soak_checkins.run(asked.days, asked.seed) if asked.days else 0
    return wrong | (soak_kills.run(asked.kills, postgres=asked.postgres) if asked.kills else 0)
