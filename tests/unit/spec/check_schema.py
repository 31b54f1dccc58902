#!/usr/bin/env python3
"""check_schema.py SCHEMA CORPUS MANUAL: the schema accepts CORPUS/good and refuses CORPUS/bad, and
the manual page names every key that the schema has.

What CORPUS/bad-beyond-schema holds is wrong in ways that JSON Schema cannot see (see its README);
the schema must at least not crash on it. YAML is read as YAML 1.2's core schema says, like mlpack
and the language servers of editors do it: `yes` is text, `1:30` is text.
"""

import json
import pathlib
import re
import sys

import jsonschema
import yaml


class CoreLoader(yaml.SafeLoader):
    yaml_implicit_resolvers = {}


for tag, pattern, first in [
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
]:
    CoreLoader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(pattern), list(first))


def load(path):
    try:
        return yaml.load(path.read_bytes(), CoreLoader), True
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
        return None, False


def keys_of(schema):
    """The names of all properties, at any depth; rules between fields only repeat them."""
    found = set(schema.get("properties", {}))
    parts = list(schema.get("properties", {}).values()) + schema.get("anyOf", [])
    parts += [schema[key] for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)]
    for part in parts:
        found |= keys_of(part)
    return found


def main(schema_path, corpus, manual):
    schema = json.loads(pathlib.Path(schema_path).read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    failures = []
    counts = {}
    for folder, expected in [("good", True), ("bad", False), ("bad-beyond-schema", None)]:
        files = sorted((pathlib.Path(corpus) / folder).glob("*.yaml"))
        counts[folder] = len(files)
        for path in files:
            document, readable = load(path)
            valid = readable and validator.is_valid(document)
            if expected is None:
                if readable and not valid:
                    failures.append(f"{path}: the schema refuses it, so it belongs into bad/")
            elif valid != expected:
                errors = [] if not readable else [e.message[:200] for e in validator.iter_errors(document)]
                failures.append(f"{path}: schema says {valid}: {errors[:3]}")
    text = pathlib.Path(manual).read_text()
    failures += [f"{manual}: lacks `{key}`" for key in sorted(keys_of(schema)) if f"*{key}*" not in text]
    print("\n".join(failures) or f"schema and parser agree: {counts}")
    return 1 if failures or min(counts.values()) == 0 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
