"""The board's HTTP: a noun per file, put together in `streams.serve.http.app`."""
