"""The keyword daemon as the next version might be: its database has one migration more.

Run as a script with the command line's arguments.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from tclp_daemon.store import migrations

NEXT_VERSION = Path(__file__)
SECOND = ("0002_colours", "ALTER TABLE tasks ADD COLUMN colour TEXT NOT NULL DEFAULT 'none';")

# As the script, and in the workers, which import it under another name.
if __name__ in ("__main__", "__mp_main__"):
    from fakes.keyword_daemon import install

    install()

if __name__ == "__main__":
    migrations.MIGRATIONS += (SECOND,)
    from tclp_daemon.cli.app import main

    main()
