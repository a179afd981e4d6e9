"""The rules of the trade: pure functions and frozen values, standard library (and uuid6) only."""
