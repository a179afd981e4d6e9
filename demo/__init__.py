"""Deterministic demo data: made-up places, people and messages, plainly marked as such."""

from demo.generate import Made, generate

__all__ = ["Made", "generate"]
