"""The truth: every task and what happened to it, in SQLite. The only package that speaks SQL about tasks."""

from tclp_daemon.store.connection import DATABASE, OlderDatabase, is_damage, journal_mode, trouble
from tclp_daemon.store.listing import Listing, PageBlock, Ticks
from tclp_daemon.store.reading import ReadOnlyStore, StoreReader
from tclp_daemon.store.transactions import name_aside
from tclp_daemon.store.writing import Store

__all__ = [
    "DATABASE",
    "Listing",
    "OlderDatabase",
    "PageBlock",
    "ReadOnlyStore",
    "Store",
    "StoreReader",
    "Ticks",
    "is_damage",
    "journal_mode",
    "name_aside",
    "trouble",
]
