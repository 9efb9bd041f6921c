// Binds model and ingest: tables in, a client base out, and every row that could not be used.
#include "klientela/ingest/ingest_json.hpp"
#include "klientela/model/base_tables.hpp"
#include "klientela/model/roll_up_json.hpp"
#include "klientela/report/report.hpp"
#include "stages.hpp"

namespace klientela::python {
namespace {

struct PyIngestResult {
  IngestResult result;
};

py::dict schema_to_python() {
  py::dict tables;
  for (std::size_t t = 0; t < table_count; ++t) {
    const TableSpec& table = spec(static_cast<TableId>(t));
    py::dict fields;
    for (const FieldSpec& field : table.fields) {
      py::list aliases;
      for (const std::string_view alias : field.aliases) aliases.append(std::string(alias));
      py::dict entry;
      entry["type"] = std::string(name(field.type));
      entry["required"] = field.required;
      entry["aliases"] = aliases;
      entry["note"] = std::string(field.note);
      fields[py::str(std::string(field.name))] = entry;
    }
    tables[py::str(std::string(table.name))] = fields;
  }
  return tables;
}

IngestOptions options_from(const py::dict& options) { return ingest_options_from_json(to_json(options), ""); }

PyIngestResult ingest_python(const py::dict& tables, std::size_t threads, const py::object& progress,
                             const py::kwargs& options) {
  const IngestOptions parsed = options_from(options);
  Tables streams = tables_from(tables);
  return {long_call(threads, progress,
                    [&](const Control& control) { return ingest(std::move(streams), parsed, control); })};
}

PyIngestResult extend_python(const ClientBase& base, const py::dict& tables, std::size_t threads,
                             const py::object& progress, const py::kwargs& options) {
  py::dict given(options);
  if (!given.contains("time_zone")) given["time_zone"] = base.time_zone().name();
  if (!given.contains("currency")) given["currency"] = base.currency();
  const IngestOptions parsed = options_from(given);
  Tables streams = tables_from(tables);
  return {long_call(threads, progress,
                    [&](const Control& control) { return extend(base, std::move(streams), parsed, control); })};
}

}  // namespace

py::object id_to_python(const ClientId& id) {
  if (id.is_integer()) return py::int_(id.integer());
  return py::str(id.to_text());
}

ClientId client_from(const py::handle& id) {
  if (PyUnicode_Check(id.ptr())) return ClientId(utf8(id));
  const bool whole = PyFloat_Check(id.ptr()) && py::cast<bool>(id.attr("is_integer")());
  if ((whole || PyIndex_Check(id.ptr())) && !PyBool_Check(id.ptr()))
    return ClientId(utf8(py::str(py::int_(py::reinterpret_borrow<py::object>(id)))));
  throw Error(Code::invalid_argument,
              "a client's id is a text or a whole number, not of the type " +
                  py::type::of(id).attr("__name__").cast<std::string>(),
              "client");
}

TableId table_id(const std::string& name) {
  if (const auto id = table_named(name)) return *id;
  std::string known;
  for (std::size_t t = 0; t < table_count; ++t) {
    if (t > 0) known += ", ";
    known += spec(static_cast<TableId>(t)).name;
  }
  throw Error(Code::not_found, "there is no table '" + name + "'; tables are " + known, name);
}

RollUpOptions roll_up_from(const py::object& wanted, std::string_view pointer) {
  py::dict options;
  if (py::isinstance<py::dict>(wanted)) {
    options = wanted.cast<py::dict>();
  } else if (py::isinstance<py::int_>(wanted) && !py::isinstance<py::bool_>(wanted)) {
    options["to"] = "level";
    options["level"] = wanted;
  } else {
    options["to"] = wanted;
  }
  return roll_up_options_from_json(to_json(options), pointer);
}

Tables tables_from(const py::dict& tables) {
  // The streams are opened after every name is known to be right, so that a mistyped one consumes nothing.
  std::vector<std::pair<TableId, py::object>> given;
  const py::object stream_of = py::module_::import("klientela._columns").attr("stream_of");
  for (const auto& [name, data] : tables)
    given.emplace_back(table_id(argument<std::string>(name, "tables")), py::reinterpret_borrow<py::object>(data));
  Tables streams;
  for (const auto& [id, data] : given) streams.add(id, stream_from(stream_of(data), std::string(spec(id).name)));
  return streams;
}

py::dict counts_to_python(const std::map<TableId, TableCounts>& counts) {
  py::dict result;
  for (const auto& [table, count] : counts) {
    py::dict reasons;
    for (const auto& [reason, rows] : count.by_reason) reasons[py::str(std::string(name(reason)))] = rows;
    py::dict entry;
    entry["rows_read"] = count.rows_read;
    entry["rows_used"] = count.rows_used;
    entry["rows_rejected"] = count.rows_rejected;
    entry["by_reason"] = reasons;
    entry["ignored_values"] = py::cast(count.ignored_values);
    result[py::str(std::string(spec(table).name))] = entry;
  }
  return result;
}

void bind_ingest(py::module_& module) {
  py::class_<ClientBase>(
      module, "ClientBase",
      "An immutable client base: tables in chunks, clients in canonical order (integers, then texts by bytes).")
      .def(py::init<>())
      .def("__len__", &ClientBase::clients)
      .def_property_readonly(
          "time_zone", [](const ClientBase& self) { return self.time_zone().name(); },
          "IANA name of the zone in which days begin.")
      .def_property_readonly("currency", &ClientBase::currency,
                             "ISO 4217 code of the base's one currency; empty where it was not said.")
      .def_property_readonly(
          "clients",
          [](const ClientBase& self) {
            Table table;
            table.add(self.client_column());
            return PyTable{std::move(table), {}};
          },
          "The ids of the clients in canonical order, as a table of one column.")
      .def_property_readonly(
          "last_purchase_day",
          [](const ClientBase& self) -> py::object {
            const auto day = self.last_purchase_day();
            return day ? from_day(*day) : py::none();
          },
          "Day of the last accepted transaction, or None.")
      .def(
          "rows", [](const ClientBase& self, const std::string& table) { return self.rows(table_id(table)); },
          py::arg("table"), "How many rows of a table were delivered, rejected ones included.")
      .def(
          "accepted", [](const ClientBase& self, const std::string& table) { return self.accepted(table_id(table)); },
          py::arg("table"), "How many rows of a table are in use.")
      .def(
          "table",
          [](const ClientBase& self, const std::string& table) {
            return PyTable{table_of(self, table_id(table)), {}};
          },
          py::arg("table"),
          "The rows of a table that are in use, with the fields that came, in order of delivery; cards in order of "
          "ids.")
      .def("__contains__",
           [](const ClientBase& self, const py::handle& id) { return self.code_of(client_from(id)).has_value(); })
      .def("extends", &ClientBase::extends, py::arg("earlier"),
           "Whether this base was made by extending the other one.")
      .def("extend", &extend_python, py::arg("tables"), py::kw_only(), py::arg("threads") = 0,
           py::arg("progress") = py::none(),
           R"doc(Add rows to a base, which stays as it is: the result shares its memory.

Parameters
----------
tables : mapping of str to table
    As for ``ingest``.
threads : int
    0: one per core.
progress : callable, optional
    Called with the stage and the share done.
**options
    As for ``ingest``; time zone and currency must be the base's.)doc")
      .def("__repr__", [](const ClientBase& self) {
        return "<klientela.ClientBase: " + std::to_string(self.clients()) + " clients, " +
               std::to_string(self.accepted(TableId::transactions)) + " transactions, " + self.time_zone().name() + ">";
      });

  py::class_<PyIngestResult>(module, "IngestResult", "A client base, and every row that could not be used.")
      .def_property_readonly(
          "base", [](const PyIngestResult& self) { return self.result.base; }, "The client base.")
      .def_property_readonly(
          "rejected",
          [](const PyIngestResult& self) {
            const FeatureTable none;
            return PyTable{rejected_table({self.result.base, none, {}, self.result.rejects, self.result.counts}), {}};
          },
          "The rows that were not used: table, row (from 1), column, value, reason. Of ``parent_cycle`` the parent "
          "alone was "
          "not.")
      .def_property_readonly(
          "counts", [](const PyIngestResult& self) { return counts_to_python(self.result.counts); },
          "By table: rows read, used and rejected, how many were rejected by reason, and by column how many values "
          "were "
          "ignored: of cards that could not be read (keep_unreadable_cards), and parents that would close a circle.")
      .def_property_readonly(
          "unused_columns", [](const PyIngestResult& self) { return self.result.unused_columns; },
          "Columns that fed no field, as table.column.")
      .def("__repr__", [](const PyIngestResult& self) {
        std::uint64_t read = 0;
        std::uint64_t rejected = 0;
        for (const auto& [table, count] : self.result.counts) {
          read += count.rows_read;
          rejected += count.rows_rejected;
        }
        return "<klientela.IngestResult: " + std::to_string(read) + " rows read, " + std::to_string(rejected) +
               " rejected>";
      });

  module.def("ingest", &ingest_python, py::arg("tables"), py::kw_only(), py::arg("threads") = 0,
             py::arg("progress") = py::none(), R"doc(Make a client base of tables.

Parameters
----------
tables : mapping of str to table
    Tables by name; anything with ``__arrow_c_stream__`` or a mapping of columns.
threads : int
    0: one per core.
progress : callable, optional
    Called with the stage and the share done.
**options
    The ingest part of a policy: time_zone, currency, unknown_clients, reject_zero_amounts, date_format,
    decimal_comma, keep_unreadable_cards, mappings, max_rejects_kept.

Returns
-------
IngestResult

Raises
------
BadDataError
    If a table cannot be read at all; ``where`` is ``table.column``. Single rows are rejected instead.)doc");
  const auto roll_up_options = [](const py::object& to, bool contacts, const py::object& on, std::int32_t max_levels) {
    RollUpOptions options = [&] {
      try {
        return roll_up_from(to, "");
      } catch (const Error& error) {  // of an argument, not of a policy: "/to: ..." is about `to`
        const std::string message = error.what();
        if (error.where().rfind('/', 0) != 0 || message.rfind('/', 0) != 0) throw;
        throw Error(error.code(), message.substr(1), std::string(error.where().substr(1)));
      }
    }();
    options.contacts = contacts;
    options.max_levels = max_levels;
    if (!on.is_none()) options.on = to_day(on, "on");
    return options;
  };
  module.def(
      "hierarchy",
      [roll_up_options](const ClientBase& base, bool contacts, const py::object& on) {
        const RollUpOptions options = roll_up_options(py::str("roots"), contacts, on, RollUpOptions().max_levels);
        return PyTable{long_call(0, py::none(), [&](const Control&) { return Hierarchy(base, options).table(); }), {}};
      },
      py::arg("base"), py::kw_only(), py::arg("contacts") = true, py::arg("on") = py::none(),
      R"doc(Say who belongs to whom: branches and contact persons to their organisations.

Parameters
----------
base : ClientBase
contacts : bool
    Whether a client without a parent on its card belongs to the organisation that it is a contact of. One of several
    organisations belongs to that where it is marked primary, if that is one; else to none, and its link is undecided.
on : datetime.date or str, optional
    Contacts in force on that day count. None: all.

Returns
-------
Table
    A row per client: client, parent, root, level (1: belongs to nobody), children, members (itself and all below), link.

Raises
------
BadDataError
    If clients belong to one another in a circle, which is named.)doc");
  module.def(
      "roll_up",
      [roll_up_options](const ClientBase& base, const py::object& to, bool contacts, const py::object& on,
                        std::int32_t max_levels, std::size_t threads) {
        const RollUpOptions options = roll_up_options(to, contacts, on, max_levels);
        return long_call(threads, py::none(), [&](const Control& control) { return roll_up(base, options, control); });
      },
      py::arg("base"), py::arg("to") = "roots", py::kw_only(), py::arg("contacts") = true, py::arg("on") = py::none(),
      py::arg("max_levels") = RollUpOptions().max_levels, py::arg("threads") = 0,
      R"doc(Look at groups of clients as at one: a holding with its branches and contact persons.

Everything that is measured of the result is what it would be if the rows of the members had been delivered for the group.

Parameters
----------
base : ClientBase
    Stays as it is; the result shares its memory and cannot be extended.
to : {"roots", "every_node"} or int
    Which clients are left: those that belong to nobody; all, each with all below it; or those down to a level.
contacts, on
    As for ``hierarchy``.
max_levels : int
    For every_node: a deeper tree is refused.
threads : int
    0: one per core.

Returns
-------
ClientBase)doc");
  module.def("tables", &schema_to_python,
             "Every table and field: type, whether it is required, accepted column names, and a note.");
  module.def("_field_for", [](const std::string& table, const std::string& column) -> py::object {
    const TableId id = table_id(table);
    const auto field = field_for(id, column);
    return field ? py::cast(std::string(spec(id).fields[*field].name)) : py::none();
  });
  module.def("_client_id", [](const std::string& text) { return id_to_python(ClientId(std::string_view(text))); });
}

}  // namespace klientela::python
