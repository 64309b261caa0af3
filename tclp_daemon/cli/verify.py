"""`tclp-daemon verify`: do inbox, spool, store and outbox agree?"""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from tclp_daemon.cli.base import ConfigOption, Exit, JsonOption, fail, settings
from tclp_daemon.cli.output import JsonList
from tclp_daemon.cli.words import count, printable

if TYPE_CHECKING:
    from tclp_daemon.config import Config
    from tclp_daemon.store import Store, StoreReader

# Gaps that are reported, and repaired, at a time.
_BATCH = 500


def verify(
    ctx: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Repair what can be restored from the store.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Check that inbox, spool, store and outbox agree. Exit code 1 if a gap remains.

    Example: tclp-daemon verify --repair
    """
    from tclp_daemon.outbox.marker import OutboxUnavailable
    from tclp_daemon.service.startup import check_user

    options = settings(ctx, config)
    loaded = options.config()
    if repair:
        check_user(loaded.state.path)
    writable = options.store_to_write() if repair else None
    store = writable or options.store()
    listed = JsonList("gaps") if as_json else None
    try:
        found, repaired = _go_through(loaded, store, writable, listed)
    except OutboxUnavailable as problem:
        fail(
            f"The outbox {loaded.outbox.path} cannot be compared with the store: {problem}",
            "Mount the share. If it is mounted, see 'The outbox's marker is missing' in docs/howto/administer.md.",
        )
    if listed is not None:
        listed.end(mended=repaired)
    else:
        tasks = count(sum(store.counts().values()), "task")
        typer.echo(f"{tasks}, {count(found, 'gap')}{f', {repaired:,} repaired' if repair else ''}.")
        if found and not repair:
            typer.echo("Advice: to write again what the store can restore, run: tclp-daemon verify --repair", err=True)
    if found > repaired:
        raise typer.Exit(Exit.FAILURE)


def _go_through(config: Config, store: StoreReader, writable: Store | None, listed: JsonList | None) -> tuple[int, int]:
    """Prints each gap or adds it to the list, and repairs it if it may write; how many were found and repaired.

    Raises:
        OutboxUnavailable: the outbox is not there, or is another one.
    """
    from tclp_daemon.admin.verify import find_gaps

    if writable:
        from tclp_daemon.admin.repair import repair
    found = repaired = 0
    gaps = find_gaps(config, store)
    while batch := list(islice(gaps, _BATCH)):
        for gap in batch:
            if listed is not None:
                listed.add(asdict(gap))
            else:
                typer.echo(f"{gap.kind:18} {printable(gap.where)}  {printable(gap.message)}")
        found += len(batch)
        repaired += repair(batch, writable, config) if writable else 0
    return found, repaired
