"""The truth: every task and what happened to it, in SQLite. The only package that speaks SQL about tasks."""

from tclp_daemon.store.connection import DATABASE, OlderDatabase, is_damage, trouble
from tclp_daemon.store.reading import ReadOnlyStore, StoreReader
from tclp_daemon.store.transactions import name_aside
from tclp_daemon.store.writing import Store

__all__ = ["DATABASE", "OlderDatabase", "ReadOnlyStore", "Store", "StoreReader", "is_damage", "name_aside", "trouble"]
