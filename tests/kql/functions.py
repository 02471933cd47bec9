"""What Kusto has and the engine lacks, as far as our queries need it.

Each is a template of SQL. Nothing here changes what the engine already knows.
"""

import ipaddress

from duckdb_kql.translate import functions as registry


def register():
    """Teaches the translator the names."""
    # A hidden column in Kusto. The tables of a scenario have it as a column that no query names.
    scalar("ingestion_time", '"_IngestionTime"', 0)
    # In Kusto and in DuckDB alike, rows stand in the order of the last sort.
    scalar("prev", "lag({0}) OVER ()", 1)
    scalar("prev", "lag({0}, {1}) OVER ()", 2)
    scalar("datetime_utc_to_local", "timezone({1}, timezone('UTC', {0}))", 2)
    scalar("geo_distance_2points", _HAVERSINE, 4)
    scalar("ipv4_is_in_any_range", _IN_ANY.format(4), 2)
    scalar("ipv6_is_in_any_range", _IN_ANY.format(6), 2)


# Null for what is no address of this version, as in Kusto. SQL cannot reckon with addresses, so that
# `know_addresses` does it beforehand.
_IN_ANY = (
    "(SELECT any_value(list_has_any(known.ranges, CAST({{1}} AS VARCHAR[])))"
    " FROM known_addresses known WHERE known.address = {{0}} AND known.version = {})"
)

# Metres, on a sphere; Kusto's own differs by half a per cent at most.
_HAVERSINE = (
    "(2 * 6371008.8 * asin(sqrt(pow(sin(radians({3} - {1}) / 2), 2)"
    " + cos(radians({1})) * cos(radians({3})) * pow(sin(radians({2} - {0}) / 2), 2))))"
)


class _ByArity:
    """One name with a template for each number of arguments."""

    def __init__(self, name):
        self.name, self.kind, self.rules, self.note = name, "template", (), ""
        self.templates = {}

    @property
    def arities(self):
        return tuple(self.templates)

    @property
    def template(self):
        return next(iter(self.templates.values()))

    variadic = False

    def render(self, args):
        return self.templates[len(args)].format(*args)


def scalar(name, template, arity):
    spec = registry.SCALAR_FUNCTIONS.get(name)
    if not isinstance(spec, _ByArity):
        spec = registry.SCALAR_FUNCTIONS[name] = _ByArity(name)
    spec.templates[arity] = template


def know_addresses(connection, addresses, ranges):
    """Notes for each address its version and those of the ranges that it lies in."""
    connection.execute(
        "CREATE OR REPLACE TABLE known_addresses (address VARCHAR, version INTEGER, ranges VARCHAR[])"
    )
    networks = [(text, network) for text in ranges if (network := _parsed(ipaddress.ip_network, text))]
    for text in addresses:
        if address := _parsed(ipaddress.ip_address, text):
            within = [name for name, network in networks if address in network]
            row = [text, address.version, within]
            connection.execute("INSERT INTO known_addresses VALUES (?, ?, ?)", row)


def _parsed(kind, text):
    try:
        return kind(text)
    except ValueError:
        return None
