"""`python -m tclp_daemon`."""

from tclp_daemon.cli import main

if __name__ == "__main__":
    main()
