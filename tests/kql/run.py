"""Runs analytic rules over scenes, as Sentinel would: on schedule, each run over its own window.

Reads one JSON object from standard input and answers with one JSON line for each scene. A scene's
rows come with the time at which they arrived; a run at T sees what had arrived by T and whose
TimeGenerated lies in the rule's period before T.
"""

import datetime
import json
import re
import sys

import duckdb_kql

import functions

TYPES = {
    "string": "VARCHAR DEFAULT ''",
    "datetime": "TIMESTAMP",
    "real": "DOUBLE",
    "bool": "BOOLEAN",
    "int": "INTEGER",
    "long": "BIGINT",
    "dynamic": "JSON",
}

# The time of a run, in SQL.
NOW = "getvariable('kql_now')"
SOME_TIME = datetime.datetime(2000, 1, 1)
# Columns whose values are held against ranges.
ADDRESSES = ("client_ipAddress_s", "SrcIpAddr")


def main():
    told = json.load(sys.stdin)
    engine = Engine(told)
    for scene in told["scenes"]:
        try:
            answer = {"runs": engine.play(scene)}
        except Exception as problem:  # the scene's test says it; the others go on
            answer = {"error": f"{type(problem).__name__}: {problem}"}
        print(json.dumps({"name": scene["name"]} | answer, default=str), flush=True)


class Engine:
    def __init__(self, told):
        self.connection = duckdb_kql.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("SET threads = 1")  # a scene has a few rows, and rows have an order
        self.connection.execute(f"SET VARIABLE kql_now = TIMESTAMP '{SOME_TIME}'")
        functions.register()
        self.functions = told["functions"]
        self.tables = told["tables"]
        self.translated = {}
        for table, columns in self.tables.items():
            spelled = ", ".join(f'"{name}" {TYPES[kind]}' for name, kind in columns)
            self.connection.execute(f'CREATE TABLE "all_{table}" ({spelled}, "_IngestionTime" TIMESTAMP)')

    def play(self, scene):
        """Every run of the scene: its time, and the rows that the rule gave."""
        self.watchlists(scene["watchlists"])
        for table, columns in self.tables.items():
            self.fill(table, columns, scene["rows"].get(table, []))
            self.cut(table, "_IngestionTime", scene["period"])
        self.addresses(scene)
        # Functions of the workspace read row by row: what they make of all rows is cut to a run's
        # window afterwards, since translating and running them costs more than the rule does.
        self.connection.execute("SET VARIABLE kql_everything = true")
        for function in self.functions:
            sql = self.sql(function["query"])
            self.connection.execute(f'CREATE OR REPLACE TABLE "all_{function["name"]}" AS {sql}')
            self.cut(function["name"], "IngestionTime", scene["period"])
        self.connection.execute("SET VARIABLE kql_everything = false")
        return [{"at": tick, "rows": self.run(scene, tick)} for tick in scene["ticks"]]

    def cut(self, table, arrival, period):
        """Names a table as queries do, and shows what a run sees of it."""
        self.connection.execute(
            f'CREATE OR REPLACE VIEW "{table}" AS FROM "all_{table}" WHERE getvariable(\'kql_everything\') '
            f'OR "{arrival}" <= {NOW} AND "TimeGenerated" BETWEEN {NOW} - INTERVAL \'{int(period)} seconds\' AND {NOW}'
        )

    def fill(self, table, columns, rows):
        self.connection.execute(f'TRUNCATE "all_{table}"')
        known = {name: kind for name, kind in columns} | {"_IngestionTime": "datetime"}
        for row in rows:
            unknown = row.keys() - known.keys()
            if unknown:
                raise ValueError(f"{table} has no column {sorted(unknown)}")
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join("?" for _ in row)
            values = [moment(v) if known[n] == "datetime" else v for n, v in row.items()]
            self.connection.execute(f'INSERT INTO "all_{table}" ({names}) VALUES ({marks})', values)

    def watchlists(self, lists):
        for alias, watchlist in lists.items():
            columns = ["SearchKey", *watchlist["columns"]]
            spelled = ", ".join(f"\"{name}\" VARCHAR DEFAULT ''" for name in columns)
            self.connection.execute(f'CREATE OR REPLACE TABLE "watchlist_{alias}" ({spelled})')
            for row in watchlist["rows"]:
                marks = ", ".join("?" for _ in columns)
                self.connection.execute(f'INSERT INTO "watchlist_{alias}" VALUES ({marks})', row)

    def addresses(self, scene):
        rows = [row for rows in scene["rows"].values() for row in rows]
        addresses = {row[name] for row in rows for name in ADDRESSES if row.get(name)}
        keys = {row[0] for watchlist in scene["watchlists"].values() for row in watchlist["rows"]}
        functions.know_addresses(self.connection, addresses, keys)

    def run(self, scene, tick):
        self.connection.execute(f"SET VARIABLE kql_now = TIMESTAMP '{moment(tick)}'")
        found = self.connection.execute(self.sql(scene["query"]))
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
