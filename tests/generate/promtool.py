"""Prometheus' own checker of PromQL."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from ruamel.yaml import YAML

from tests.servers import unavailable


def check_rules(exprs: Iterable[str], directory: Path) -> str:
    """What promtool says of a file that records these expressions; empty when all are PromQL."""
    promtool = shutil.which("promtool") or unavailable("no promtool: apt install prometheus")
    recorded = [{"record": f"asked:{at}", "expr": expr} for at, expr in enumerate(sorted(set(exprs)))]
    file = directory / "rules.yaml"
    YAML().dump({"groups": [{"name": "all", "rules": recorded}]}, file)
    done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr
