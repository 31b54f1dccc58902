"""The files of templates/compat as scripts/catalog-update changes them: a row is a line, and every other line stays."""

import json
import os
import re

import yaml

# The sources of rows that were generated; all others were written by people and are left alone.
GENERATED = ("https://pypi.org/project/", "https://hub.docker.com/r/nvidia/cuda/tags#",
             "https://developer.download.nvidia.com/compute/cuda/redist/")


def version_key(text):
    return [int(number) for number in re.findall(r"\d+", str(text))]


def is_generated(row):
    source = row.get("source")
    return isinstance(source, str) and source.startswith(GENERATED)


def written(value):
    if isinstance(value, list):
        return "[%s]" % ", ".join(map(written, value))
    return json.dumps(value, ensure_ascii=False)


def without_date(row):
    return {key: value for key, value in row.items() if key != "retrieved"}


class Table:
    """One table of a file: its rows and their lines."""

    def __init__(self, name, shape, lines):
        self.name, self.shape, self.lines = name, shape, lines
        self.rows = shape["rows"]

    def key(self, row):
        return tuple(str(row.get(column)) for column in self.shape["key"])

    def put(self, row, group, today):
        """Adds or replaces a generated row; `group`: the columns that rows which belong together share."""
        row = {column: row[column] for column in [*self.shape["columns"], "note", "source", "unverified"]
               if row.get(column) is not None and (column != "unverified" or row[column])}
        same = [known for known in self.rows if self.key(known) == self.key(row)]
        if any(not is_generated(known) or without_date(known) == row for known in same):
            return
        row["retrieved"] = today
        if same:
            at = self.rows.index(same[0])
            self.lines[self.line_of(at)] = self.line(row)
            self.rows[at] = row
        else:
            self.insert(row, group)

    def insert(self, row, group):
        members = [at for at, known in enumerate(self.rows)
                   if all(known.get(name) == row.get(name) for name in group) and version_key(self.key(known))]
        ends = [version_key(self.key(self.rows[at])) for at in (members[0], members[-1])] if members else [[], []]
        is_descending = ends[0] > ends[1]
        at = members[0] if is_descending else members[-1] + 1 if members else len(self.rows)
        line = self.line_of(at) if at < len(self.rows) else self.line_of(len(self.rows) - 1) + 1
        self.lines.insert(line, self.line(row))
        self.rows.insert(at, row)

    def line_of(self, at):
        return [number for number, line in self.row_lines()][at]

    def row_lines(self):
        inside = False
        for number, line in enumerate(self.lines):
            if line and not line[0].isspace() and not line.startswith("#"):
                inside = line.startswith(self.name + ":")
            elif inside and line.startswith("    - {"):
                yield number, line

    def line(self, row):
        return "    - {%s}" % ", ".join("%s: %s" % (name, written(value)) for name, value in row.items())

    def set_as_of(self, label, release):
        """Writes the newest release where the table says what that was."""
        for number, line in enumerate(self.lines):
            if line.startswith(self.name + ":"):
                break
        at = next(n for n in range(number, len(self.lines)) if self.lines[n].startswith("  as_of:"))
        known = re.search(r"\b%s (\d[\w.]*\w)" % re.escape(label), self.lines[at])
        if known and version_key(release) > version_key(known.group(1)):
            self.lines[at] = self.lines[at][:known.start(1)] + release + self.lines[at][known.end(1):]


class Tables:
    """All tables of a folder, by name; what changed is written by `write`."""

    def __init__(self, folder):
        self.folder, self.before, self.lines, self.tables = folder, {}, {}, {}
        for name in sorted(os.listdir(folder)):
            if name.endswith(".yaml"):
                self.read(name)

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            text = file.read()
        self.before[name] = text.split("\n")
        self.lines[name] = lines = text.split("\n")
        for table, shape in yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)).items():
            if not isinstance(shape, dict) or "columns" not in shape:
                continue
            found = Table(table, shape, lines)
            if len(list(found.row_lines())) != len(found.rows):
                raise SystemExit("catalog-update: %s: a row of %s is not one line" % (name, table))
            self.tables[table] = found

    def __getitem__(self, name):
        return self.tables[name]

    def changed(self):
        return [name for name in self.lines if self.lines[name] != self.before[name]]

    def write(self):
        for name in self.changed():
            path = os.path.join(self.folder, name)
            with open(path + ".new", "w", encoding="utf-8") as file:
                file.write("\n".join(self.lines[name]))
            os.replace(path + ".new", path)
