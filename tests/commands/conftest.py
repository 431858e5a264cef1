"""Commands run in a directory of their own, without settings of whoever runs the tests."""

from pathlib import Path

import pytest

from streams.settings import Settings


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty directory that this process, and each that it starts, works in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(Settings.model_config, "env_file", ".env")  # as it is; here there is none
    return tmp_path
