"""Holds worked-out ARM resources against the published schemas of their API versions.

Reads {"schemas": folder, "resources": [...], "documents": [{"schema", "instance"}]} from stdin and
writes one problem a line. The schemas let unknown properties pass, which are misspelt ones as a
rule, so a walk of its own finds those.
"""

import copy
import json
import pathlib
import sys

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

BASE = "https://schema.management.azure.com/schemas/"

# Where a schema lies, by provider; what is not here is in Microsoft.<Provider>.json.
FILES = {"Microsoft.Insights/components": "Microsoft.Insights.Application"}


class Schemas:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.registry = Registry(retrieve=self.load)

    def load(self, uri):
        path = self.folder / uri.split("#")[0].removeprefix(BASE)
        # What is not there accepts anything.
        document = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return Resource.from_contents(document, default_specification=DRAFT4)

    def has(self, pointer):
        file, _, path = pointer.partition("#/")
        if not (self.folder / file).exists():
            return False
        node = json.loads((self.folder / file).read_text(encoding="utf-8"))
        for key in path.split("/") if path else []:
            node = node.get(key, {})
        return bool(node)

    def problems(self, pointer, instance):
        validator = jsonschema.Draft4Validator({"$ref": BASE + pointer}, registry=self.registry)
        for error in validator.iter_errors(instance):
            yield f"{error.json_path}: {why(error)}"
        resolver = self.registry.resolver()
        yield from unknown("$", {"$ref": BASE + pointer}, instance, resolver)


def why(error):
    """The innermost of the reasons that lie under an alternative nobody matched."""
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return f"{error.json_path}: {error.message[:200]}"


def alternatives(schema, resolver):
    """The schema with everything it refers to, each with what resolves its own references."""
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
    open_ended = not known or any(part.get("additionalProperties") for part, _ in parts)
    for name, one in instance.items():
        if name in known:
            found = [list(unknown(f"{path}.{name}", inner, one, own)) for inner, own in known[name]]
            yield from min(found, key=len)
        elif not open_ended:
            yield f"{path}.{name}: no property of that name"


def adapted(resource):
    """The resource less what the service takes and its schema refuses, each with a check of ours."""
    resource = copy.deepcopy(resource)
    resource.pop("scope", None)
    kind, body = resource["type"], resource.get("properties", {})
    if kind == "Microsoft.Insights/dataCollectionRules":
        assert resource.pop("kind") == "Direct"
        for flow in body["dataFlows"]:
            assert all(stream in body["streamDeclarations"] for stream in flow["streams"])
            flow["streams"] = "[a custom stream]"
    if kind == "Microsoft.OperationalInsights/workspaces/tables":
        for column in body["schema"]["columns"]:
            column["type"] = column["type"].replace("datetime", "dateTime")
    if resource["name"].count("/") and not kind.startswith("Microsoft.Web"):
        resource["name"] = resource["name"].rsplit("/", 1)[1]
    return resource


def pointers(resource):
    provider, kind = resource["type"].split("/", 1)
    file = FILES.get(resource["type"], provider)
    key = kind.replace("/", "_")
    for group in ("resourceDefinitions", "extension_resourceDefinitions"):
        yield f"{resource['apiVersion']}/{file}.json#/{group}/{key}"


def main():
    order = json.load(sys.stdin)
    schemas = Schemas(order["schemas"])
    for resource in order.get("resources", []):
        name = f"{resource['type']} {resource['name']}"
        pointer = next(filter(schemas.has, pointers(resource)), None)
        if pointer is None:
            print(f"{name}: no schema of {resource['apiVersion']}")
            continue
        for problem in schemas.problems(pointer, adapted(resource)):
            print(f"{name}: {problem}")
    for document in order.get("documents", []):
        for problem in schemas.problems(document["schema"], document["instance"]):
            print(f"{document['schema']}: {problem}")


main()
