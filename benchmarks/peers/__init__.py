"""The same job by others: `make bench-peers`. README.md says what the job is, and why it is a fair one."""
