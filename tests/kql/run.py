"""Runs analytic rules over scenarios, as Sentinel would: on schedule, each run over its own window.

    python run.py SENTINEL < scenarios.ndjson > runs.ndjson

SENTINEL is the folder whose tables and parsers make the workspace. A scenario is one JSON object a line:

    name        handed back
    query       the rule's
    period      how far back a run sees, in seconds
    ticks       when it runs
    watchlists  {alias: {columns, rows}}, the search key before the columns of a row
    rows        {table: [{column: value}]}, each with its arrival as _IngestionTime

A run at T sees what had arrived by T and whose TimeGenerated lies in the period before T. The answer
to a scenario is a line, too: `runs`, each with its time and the rows that the rule gave, or `error`.
"""

import datetime
import json
import pathlib
import re
import sys
import tempfile

import duckdb_kql
import yaml

import functions

TYPES = {
    "string": "VARCHAR",
    "datetime": "TIMESTAMP",
    "real": "DOUBLE",
    "boolean": "BOOLEAN",
    "int": "INTEGER",
    "long": "BIGINT",
    "dynamic": "JSON",
}

# The time of a run, in SQL.
NOW = "getvariable('kql_now')"
# What stands for the time of a run while a query is translated.
SOME_TIME = datetime.datetime(2000, 1, 1)
# Columns whose values are held against ranges.
ADDRESSES = ("client_ipAddress_s", "SrcIpAddr")


def main():
    scenarios = [json.loads(line) for line in sys.stdin]
    engine = Engine(pathlib.Path(sys.argv[1]), scenarios)
    for number, scenario in enumerate(scenarios):
        try:
            answer = {"runs": engine.play(number, scenario)}
        except Exception as problem:  # the scenario's test says it; the others go on
            answer = {"error": f"{type(problem).__name__}: {problem}"}
        print(json.dumps({"name": scenario["name"]} | answer, default=str), flush=True)


class Engine:
    """All scenarios lie in the same tables, and a run sees its own. So a function of the workspace, which
    reads row by row, is run once for all: that costs more than a rule does."""

    def __init__(self, sentinel, scenarios):
        self.connection = duckdb_kql.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("SET threads = 1")  # a scenario has a few rows, and rows have an order
        # A variable has no type before it has a value, and a view needs one.
        self.connection.execute(f"SET VARIABLE kql_now = TIMESTAMP '{SOME_TIME}'")
        self.connection.execute("SET VARIABLE kql_scene = 0")
        self.connection.execute("SET VARIABLE kql_period = 0")
        functions.register()
        self.translated = {}
        for table, columns in tables(sentinel).items():
            self.load(table, columns, scenarios)
        for name, query in workspace_functions(sentinel).items():
            # A projection keeps what it names: it is to keep the scenario's number, too.
            query = query.replace("ingestion_time()", "ingestion_time(), _Scene = _Scene")
            self.connection.execute(f'CREATE TABLE "{name}" AS {self.sql(query)}')
            self.show(name, "IngestionTime")
        for table in tables(sentinel):
            self.show(table, "_IngestionTime")
        self.translated = {}

    def load(self, table, columns, scenarios):
        """The rows of all scenarios, each with its scenario's number."""
        kinds = dict(columns) | {"_IngestionTime": "datetime", "_Scene": "int"}
        empty = {name: "" for name, kind in kinds.items() if kind == "string"}
        with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
            for number, scenario in enumerate(scenarios):
                for row in scenario["rows"].get(table, []):
                    unknown = row.keys() - kinds.keys()
                    if unknown:
                        raise ValueError(f"{table} has no column {sorted(unknown)}")
                    file.write(json.dumps(empty | row | {"_Scene": number}) + "\n")
            file.flush()
            spelled = ", ".join(f"'{name}': '{TYPES[kind]}'" for name, kind in kinds.items())
            self.connection.execute(
                f'CREATE TABLE "{table}" AS FROM read_json(\'{file.name}\', format = \'nd\', columns = {{{spelled}}})'
            )

    def show(self, name, arrival):
        """Leaves of a table what the run of a scenario sees."""
        self.connection.execute(f'ALTER TABLE "{name}" RENAME TO "all_{name}"')
        self.connection.execute(
            f'CREATE VIEW "{name}" AS SELECT * EXCLUDE ("_Scene") FROM "all_{name}" '
            f"WHERE \"_Scene\" = getvariable('kql_scene') AND \"{arrival}\" <= {NOW} "
            f"AND \"TimeGenerated\" BETWEEN {NOW} - to_seconds(getvariable('kql_period')) AND {NOW}"
        )

    def play(self, number, scenario):
        """Every run of the scenario: its time, and the rows that the rule gave."""
        self.connection.execute(f"SET VARIABLE kql_scene = {number}")
        self.connection.execute(f"SET VARIABLE kql_period = {int(scenario['period'])}")
        self.watchlists(scenario["watchlists"])
        self.addresses(scenario)
        return [{"at": tick, "rows": self.run(scenario, tick)} for tick in scenario["ticks"]]

    def watchlists(self, lists):
        for alias, watchlist in lists.items():
            columns = ["SearchKey", *watchlist["columns"]]
            spelled = ", ".join(f"\"{name}\" VARCHAR DEFAULT ''" for name in columns)
            self.connection.execute(f'CREATE OR REPLACE TABLE "watchlist_{alias}" ({spelled})')
            for row in watchlist["rows"]:
                marks = ", ".join("?" for _ in columns)
                self.connection.execute(f'INSERT INTO "watchlist_{alias}" VALUES ({marks})', row)

    def addresses(self, scenario):
        rows = [row for rows in scenario["rows"].values() for row in rows]
        addresses = {row[name] for row in rows for name in ADDRESSES if row.get(name)}
        keys = {row[0] for watchlist in scenario["watchlists"].values() for row in watchlist["rows"]}
        functions.know_addresses(self.connection, addresses, keys)

    def run(self, scenario, tick):
        self.connection.execute(f"SET VARIABLE kql_now = TIMESTAMP '{moment(tick)}'")
        found = self.connection.execute(self.sql(scenario["query"]))
        names = [column[0] for column in found.description]
        return [dict(zip(names, row)) for row in found.fetchall()]

    def sql(self, query):
        if query not in self.translated:
            schema = {}
            rows = self.connection.execute("SELECT table_name, column_name FROM duckdb_columns()").fetchall()
            for table, column in rows:
                schema.setdefault(table, []).append(column)
            sql = duckdb_kql.to_sql(rewritten(query), schema=schema, query_now=SOME_TIME)
            # The engine makes the time a parameter; a variable serves all statements of a run.
            self.translated[query] = str(sql).replace("$kqlnow", NOW)
        return self.translated[query]


def tables(sentinel):
    """Names and types of the columns of each table: ours, and those of others that queries read."""
    found = json.loads((pathlib.Path(__file__).parent / "tables.json").read_text())
    for path in sentinel.glob("tables/*_CL.json"):
        table = json.loads(path.read_text())
        found[table["name"]] = [(column["name"], column["type"]) for column in table["columns"]]
    return found


def workspace_functions(sentinel):
    """Functions without parameters, by name."""
    parsers = [yaml.safe_load(path.read_text()) for path in sorted(sentinel.glob("parsers/*.yaml"))]
    return {p["FunctionAlias"]: p["FunctionQuery"] for p in parsers if "FunctionQuery" in p}


def rewritten(query):
    """A query without what the engine has no form for: watchlists by name become tables, and every
    column that is asked for by column_ifexists is there."""
    query = re.sub(r"_GetWatchlist\(\s*['\"](\w+)['\"]\s*\)", r"watchlist_\1", query)
    return re.sub(r"column_ifexists\(\s*['\"](\w+)['\"]\s*,[^)]*\)", r"\1", query)


def moment(text):
    """RFC 3339 in UTC as DuckDB reads a timestamp."""
    return text.replace("T", " ").removesuffix("Z")


if __name__ == "__main__":
    main()
