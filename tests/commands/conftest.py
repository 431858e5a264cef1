"""Commands run in a directory of their own, without settings of whoever runs the tests."""

from pathlib import Path

import pytest

from streams.cli import main
from streams.settings import Settings
from tests.commands.runs import Done, Say


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty directory that this process, and each that it starts, works in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(Settings.model_config, "env_file", ".env")  # as it is; here there is none
    return tmp_path


@pytest.fixture
def said(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Say:
    """Run a command in this process: for those that start no server."""

    def run(*arguments: str) -> Done:
        monkeypatch.setattr("sys.argv", ["kpi", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsysbinary.readouterr()
        status = ended.value.code
        return Done(status if isinstance(status, int) else 0, out.decode(errors="replace"), err.decode())

    return run
