"""The dictionary of figures. Two pages cannot show two values for one name: all go through it."""

from domain.kpi_others import OTHERS
from domain.kpi_terms import (
    EMPTY,
    NEW_DAYS,
    SMALL,
    Basis,
    Better,
    Delta,
    Figure,
    Kpi,
    Source,
    Unit,
    delta,
    figure,
    time_text,
    unripe,
)
from domain.kpi_tickets import TICKETS

__all__ = [
    "EMPTY",
    "KPIS",
    "NEW_DAYS",
    "SMALL",
    "Basis",
    "Better",
    "Delta",
    "Figure",
    "Kpi",
    "Source",
    "Unit",
    "delta",
    "figure",
    "time_text",
    "unripe",
]
KPIS: dict[str, Kpi] = {kpi.code: kpi for kpi in (*TICKETS, *OTHERS)}
