"""`python -m tclp_daemon`."""

from tclp_daemon.cli.app import main

if __name__ == "__main__":
    main()
