"""Documents with one fault each, told as changes of a small one that has none."""

import re
from pathlib import Path


def faults(listing: Path, small: str) -> dict[str, tuple[str, list[str]]]:
    """What is wrong -> (text, its problems); the listing's first paragraph says how it is read."""
    found = {}
    for block in listing.read_text().strip().split("\n\n")[1:]:
        text = small
        for hunk in re.findall(r"((?:^- .*\n)+)((?:^\+ .*\n)*)", block, re.MULTILINE):
            old, new = (re.sub(r"^[-+] ", "", part, flags=re.MULTILINE) for part in hunk)
            assert text.count(old) == 1, block
            text = text.replace(old, new)
        what = block.split("\n")[0].removeprefix("# ")
        found[what] = text, re.findall(r"^= (.*)", block, re.MULTILINE)
    return found
