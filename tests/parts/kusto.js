// Analyses queries with Microsoft's own KQL analyser, many in one process: loading it takes longer
// than a query does.
//
//   node kusto.js FOLDER < queries.ndjson > analyses.ndjson
//
// FOLDER holds table schemas, one `<table>.json` each with `name` and `columns`; files without
// columns are passed over. Input, one JSON object a line:
//
//   name       handed back
//   query      the text to analyse
//   tables     more tables, or others of the same name: [{ name, columns: [{ name, type }] }]
//   functions  workspace functions: [{ name, parameters?, body }], parameters as `t:datetime, n:int=1`
//
// Output, one JSON object a line, in the same order:
//
//   name         as given
//   diagnostics  [{ code, severity, line, column, text, message }], those of functions' bodies too,
//                whose `in` names the function
//   columns      what the query results in: [{ name, type }]
'use strict';

const fs = require('fs');
const path = require('path');

// The package's own entry leaves one of the two out, and their order counts.
require('@kusto/language-service-next/bridge.min.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');

const { KustoCode, GlobalState, Symbols } = Kusto.Language;
const { ScalarTypes } = Symbols;

const TYPES = {
  bool: ScalarTypes.Bool,
  boolean: ScalarTypes.Bool,
  datetime: ScalarTypes.DateTime,
  dynamic: ScalarTypes.Dynamic,
  guid: ScalarTypes.Guid,
  int: ScalarTypes.Int,
  long: ScalarTypes.Long,
  real: ScalarTypes.Real,
  string: ScalarTypes.String,
  timespan: ScalarTypes.TimeSpan,
};

// What the service adds to every table of ours.
const STANDARD = {
  TenantId: 'string',
  SourceSystem: 'string',
  MG: 'string',
  Computer: 'string',
  RawData: 'string',
  Type: 'string',
  _ResourceId: 'string',
  _SubscriptionId: 'string',
  _ItemId: 'string',
  _TimeReceived: 'datetime',
  _IsBillable: 'string',
  _BilledSize: 'real',
};

const WATCHLIST = {
  name: '_GetWatchlist',
  parameters: 'watchlistAlias:string',
  body: 'datatable(_DTItemId:string, LastUpdatedTimeUTC:datetime, SearchKey:string, WatchlistItem:dynamic)[]',
};

function columnSymbol([name, type]) {
  if (!TYPES[type]) throw new Error(`column ${name} has the type ${type}, which Kusto does not know`);
  return new Symbols.ColumnSymbol(name, TYPES[type], null, null, null, null);
}

function tableSymbol(table) {
  const own = table.columns.map((column) => [column.name, column.type]);
  const names = new Set(own.map(([name]) => name));
  const standard = Object.entries(STANDARD).filter(([name]) => !names.has(name));
  return new Symbols.TableSymbol.$ctor4(table.name, [...own, ...standard].map(columnSymbol));
}

function functionSymbol({ name, parameters = '', body }) {
  return new Symbols.FunctionSymbol.$ctor16(name, `(${parameters})`, `{ ${body}\n}`, null);
}

function byName(lists) {
  return [...new Map(lists.flat().map((item) => [item.name, item])).values()];
}

function workspace(tables, functions) {
  const members = [...tables.map(tableSymbol), ...functions.map(functionSymbol)];
  const database = new Symbols.DatabaseSymbol.ctor('workspace', members);
  const cluster = new Symbols.ClusterSymbol.ctor('cluster', [database]);
  return GlobalState.Default.WithCluster(cluster).WithDatabase(database);
}

function list(of) {
  return Array.from({ length: of ? of.Count : 0 }, (_, index) => of.getItem(index));
}

function diagnostics(code, text) {
  return list(code.GetDiagnostics()).map((found) => {
    const before = text.slice(0, found.Start).split('\n');
    return {
      code: found.Code,
      severity: found.Severity,
      line: before.length,
      column: before[before.length - 1].length + 1,
      text: text.slice(found.Start, found.Start + found.Length),
      message: found.Message,
    };
  });
}

// A function's own mistakes do not show where it is called, so its body is analysed for itself,
// with its parameters declared in front.
function functionDiagnostics(functions, globals) {
  return functions.flatMap(({ name, parameters, body }) => {
    const declared = parameters ? `declare query_parameters(${parameters});\n` : '';
    const text = declared + body;
    const code = KustoCode.ParseAndAnalyze(text, globals);
    const shift = declared ? 1 : 0;
    return diagnostics(code, text).map((found) => ({ in: name, ...found, line: found.line - shift }));
  });
}

function readTables(folder) {
  const files = fs.readdirSync(folder).filter((file) => file.endsWith('.json'));
  const read = files.map((file) => JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8')));
  return read.filter((table) => table.columns);
}

const common = readTables(process.argv[2]);
const workspaces = new Map();

function workspaceOf(tables, functions) {
  const key = JSON.stringify([tables, functions]);
  if (!workspaces.has(key)) {
    const globals = workspace(byName([common, tables]), byName([WATCHLIST, functions]));
    workspaces.set(key, { globals, found: functionDiagnostics(functions, globals) });
  }
  return workspaces.get(key);
}

function analyse({ name, query, tables = [], functions = [] }) {
  const { globals, found } = workspaceOf(tables, functions);
  const code = KustoCode.ParseAndAnalyze(query, globals);
  const columns = list(code.ResultType && code.ResultType.Columns);
  return {
    name,
    diagnostics: [...found, ...diagnostics(code, query)],
    columns: columns.map((column) => ({ name: column.Name, type: column.Type.Name })),
  };
}

const lines = fs.readFileSync(0, 'utf8').split('\n').filter((line) => line.trim());
const analyses = lines.map((line) => JSON.stringify(analyse(JSON.parse(line))) + '\n');
fs.writeFileSync(1, analyses.join(''));
