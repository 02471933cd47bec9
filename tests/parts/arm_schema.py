"""Validates ARM resources against the published schemas, offline.

    python arm_schema.py FOLDER < resources.ndjson > problems.ndjson

FOLDER holds the schemas by API version, as they lie below
https://schema.management.azure.com/schemas/. Input, one JSON object a line: `name` (handed back),
`schema` (`2023-03-11/Microsoft.Insights.json#/resourceDefinitions/dataCollectionRules`) and
`resource`. Output, one JSON object a line in the same order: `name` and `problems`, each a text
that begins with the place in the resource. A schema that is not there is a problem as well, since
it would accept anything.
"""

import json
import pathlib
import sys

from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

BASE = "https://schema.management.azure.com/schemas/"
FOLDER = pathlib.Path(sys.argv[1])


def file_of(uri):
    return FOLDER / uri.split("#")[0].removeprefix(BASE)


def read(uri):
    path = file_of(uri)
    # Templates refer to lists of all resources, which nobody keeps offline.
    contents = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return Resource.from_contents(contents, default_specification=DRAFT4)


REGISTRY = Registry(retrieve=read)


def leaves(error):
    """The errors of the branch that fits best, where a schema has several."""
    if not error.context:
        return [error]
    branches = {}
    for below in error.context:
        branches.setdefault(below.schema_path[0], []).append(below)
    best = min(branches.values(), key=len)
    return [leaf for below in best for leaf in leaves(below)]


def problems(schema, resource):
    uri = BASE + schema
    if not file_of(uri).exists():
        return [f"no schema at {file_of(uri)}"]
    found = Draft4Validator({"$ref": uri}, registry=REGISTRY).iter_errors(resource)
    return [f"{leaf.json_path}: {leaf.message[:300]}" for error in found for leaf in leaves(error)]


for line in sys.stdin:
    asked = json.loads(line)
    answer = {"name": asked["name"], "problems": problems(asked["schema"], asked["resource"])}
    print(json.dumps(answer))
