"""All that knows SQLAlchemy. Commands run through `run`, queries through `read`."""

from db.engine import read, run

__all__ = ["read", "run"]
