"""The rows of templates/registries.yaml, for the fault server: what each registry takes and how it answers."""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TABLE = os.path.join(ROOT, "templates", "registries.yaml")
TINY = 128 << 10  # what every limit shrinks to for tiny images


class Profile:
    """A row. `tiny` makes its limits such that images of some hundred KiB meet them."""

    def __init__(self, row, tiny=True):
        self.name, self.source = row["name"], row["source"]
        self.forms, self.ranges = row["forms"], row["ranges"]
        self.patch, self.kept, self.offsets = int(row["patch"]), row["kept"], row["offsets"]
        self.session, self.mount, self.referrers, self.errors = row["session"], row["mount"], row["referrers"], row["errors"]
        limits = [int(row["largest_body"]), int(row["largest_chunk"])]
        self.largest_body, self.largest_chunk = [min(n, TINY) if tiny and n else n for n in limits]

    def takes_chunks(self):
        return "chunks" in self.forms


def value_of(text):
    text = re.sub(r"\s+#.*$", "", text.strip())
    if text.startswith("["):
        return [part.strip().strip('"') for part in text.strip("[]").split(",") if part.strip()]
    return text.strip('"')


def profiles(tiny=True):
    """{name: Profile}; the table is plain: a row begins with `- name:`, and every key has its value on its line."""
    rows = []
    with open(TABLE, encoding="utf-8") as file:
        for line in file:
            found = re.match(r"  (- |  )(\w+): (.*)$", line)
            if not found:
                continue
            if found.group(1) == "- ":
                rows.append({})
            text = found.group(3)
            rows[-1][found.group(2)] = text.strip().strip('"') if text.startswith('"') else value_of(text)
    return {row["name"]: Profile(row, tiny) for row in rows}
