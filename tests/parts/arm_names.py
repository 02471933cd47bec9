"""Finds properties that a published ARM schema does not name, which are misspelt ones as a rule.

    python arm_names.py FOLDER < resources.ndjson > problems.ndjson

The schemas let unknown properties pass, so that validation alone does not see them. Takes and gives
what arm_schema.py does.
"""

import json
import pathlib
import sys

from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

BASE = "https://schema.management.azure.com/schemas/"
FOLDER = pathlib.Path(sys.argv[1])


def read(uri):
    path = FOLDER / uri.split("#")[0].removeprefix(BASE)
    contents = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return Resource.from_contents(contents, default_specification=DRAFT4)


RESOLVER = Registry(retrieve=read).resolver()


def alternatives(schema, resolver):
    """The schema and all that it is made of, each with what resolves its own references."""
    if "$ref" in schema:
        resolved = resolver.lookup(schema["$ref"])
        yield from alternatives(resolved.contents, resolved.resolver)
        return
    yield schema, resolver
    for key in ("allOf", "anyOf", "oneOf"):
        for inner in schema.get(key, []):
            yield from alternatives(inner, resolver)


def unknown(path, schema, instance, resolver):
    parts = list(alternatives(schema, resolver))
    if isinstance(instance, list):
        for part, own in parts:
            if isinstance(part.get("items"), dict):
                for at, one in enumerate(instance):
                    yield from unknown(f"{path}[{at}]", part["items"], one, own)
    if not isinstance(instance, dict):
        return
    known = {}
    for part, own in parts:
        for name, inner in part.get("properties", {}).items():
            known.setdefault(name, []).append((inner, own))
    # An object of which nothing is said may hold anything.
    if not known or any(part.get("additionalProperties") for part, _ in parts):
        return
    for name, one in instance.items():
        if name not in known:
            yield f"{path}.{name}: no property of that name"
            continue
        # The alternative that fits best.
        found = [list(unknown(f"{path}.{name}", inner, one, own)) for inner, own in known[name]]
        yield from min(found, key=len)


for line in sys.stdin:
    asked = json.loads(line)
    schema = {"$ref": BASE + asked["schema"]}
    problems = list(unknown("$", schema, asked["resource"], RESOLVER))
    print(json.dumps({"name": asked["name"], "problems": problems}))
