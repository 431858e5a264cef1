"""`python -m streams.cli` is `kpi`."""

from streams.cli import main

main()
