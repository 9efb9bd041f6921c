// Binds what rules need: expressions, directories, crosswalks, the journal of assignments, coverage.
#include "klientela/classify/assignment.hpp"
#include "klientela/classify/base_columns.hpp"
#include "klientela/classify/expression.hpp"
#include "klientela/classify/rules.hpp"
#include "klientela/model/directory.hpp"
#include "stages.hpp"

namespace klientela::python {
namespace {

py::object code_of(const Directory& directory, const std::optional<std::size_t>& entry) {
  if (!entry) return py::none();
  return py::str(directory.entries()[*entry].code);
}

py::object problem_to_python(const std::optional<ExpressionProblem>& problem) {
  if (!problem) return py::none();
  py::dict result;
  result["message"] = problem->message;
  result["subject"] = problem->subject;
  result["offset"] = problem->offset;
  result["length"] = problem->length;
  result["line"] = problem->line;
  result["column"] = problem->column;
  result["excerpt"] = problem->excerpt;
  result["text"] = problem->to_text();
  return result;
}

/// The table with the day in a column as_of, where one is given.
Table dated(Table table, const py::object& as_of) {
  if (!as_of.is_none())
    table.set(Column("as_of", ColumnType::day,
                     Buffer<std::int32_t>(
                         table.rows(), static_cast<std::int32_t>(to_day(as_of, "as_of").time_since_epoch().count()))));
  return table;
}

std::optional<Day> day_or_none(const py::object& day) {
  return day.is_none() ? std::nullopt : std::optional(to_day(day, "day"));
}

}  // namespace

void bind_rules(py::module_& module) {
  py::class_<Expression>(module, "Expression", R"doc(A condition or a value over columns, in the language of rules.

Parameters
----------
text : str
    For example ``frequency > 0 and last_purchase < as_of - 90 days``. What cannot be understood is a BadPolicyError
    that points at the character.)doc")
      .def(py::init([](const std::string& text) { return Expression::parse(text); }), py::arg("text"))
      .def_property_readonly("text", &Expression::text, "The text it was read from.")
      .def_property_readonly("columns", &Expression::columns, "Names of the columns that it reads.")
      .def_static(
          "problem",
          [](const std::string& text, const py::object& data, const std::vector<std::string>& absent) {
            if (data.is_none()) return problem_to_python(Expression::problem(text));
            const Table table = column_table(data);
            std::vector<ExpressionColumn> columns;
            for (const Column& column : table.columns()) columns.push_back({column.name(), column.type()});
            return problem_to_python(Expression::problem(text, columns, absent));
          },
          py::arg("text"), py::arg("data") = py::none(), py::arg("absent") = std::vector<std::string>{},
          "What is wrong with a text, and where; None if it can be used. With a table, also names and types.")
      .def(
          "type_of",
          [](const Expression& self, const py::object& data, const std::vector<std::string>& absent) {
            return std::string(name(self.check(column_table(data), absent)));
          },
          py::arg("data"), py::kw_only(), py::arg("absent") = std::vector<std::string>{},
          "Its type over a table: boolean, integer, number, money, text, day, instant or null.")
      .def(
          "evaluate",
          [](const Expression& self, const py::object& data, const py::object& as_of,
             const std::vector<std::string>& absent, std::size_t threads) {
            const Table table = dated(column_table(data), as_of);
            return PyTable{Table({long_call(threads, py::none(),
                                            [&](const Control& control) {
                                              return self.evaluate(table, "value", control, absent);
                                            })}),
                           {}};
          },
          py::arg("data"), py::kw_only(), py::arg("as_of") = py::none(), py::arg("absent") = std::vector<std::string>{},
          py::arg("threads") = 0, "Its value for every row, as a Table with the column ``value``.")
      .def(
          "__eq__", [](const Expression& self, const Expression& other) { return self == other; }, py::is_operator())
      .def("__hash__", [](const Expression& self) { return py::hash(py::str(self.text())); })
      .def("__repr__", [](const Expression& self) { return "<klientela.Expression: " + self.text() + ">"; });

  py::class_<Directory>(module, "Directory",
                        R"doc(A list of codes, possibly a tree: industries, roles, relationship types.

Parameters
----------
name : str
    What it is called.
data : table
    A column ``code``; where there are any, ``title``, ``title_ru``, ``parent`` and ``aliases`` (cut at ``;``). Repeated
    codes, unknown parents and cycles are a BadDataError that names them.)doc")
      .def(py::init([](const std::string& name, const py::object& data) {
             return Directory::from_table(name, column_table(data));
           }),
           py::arg("name"), py::arg("data"))
      .def_static("builtin", &Directory::builtin, py::arg("name"),
                  "One that comes with the library: industry (ISIC Rev. 4), relationship_type or role.")
      .def_static("builtin_names", &Directory::builtin_names, "Names of those that come with the library.")
      .def_static("of", &Directory::of, py::arg("base"), py::arg("name"),
                  "The entries that a base was delivered, or else those that come with the library.")
      .def("__len__", [](const Directory& self) { return self.entries().size(); })
      .def_property_readonly("name", &Directory::name, "What it is called.")
      .def_property_readonly("levels", &Directory::levels, "The deepest level of the tree; the top is 1.")
      .def_property_readonly(
          "table",
          [](const Directory& self) {
            return PyTable{self.table(), {}};
          },
          "directory, code, title, title_ru, parent, aliases, level: ready to be delivered as table directories.")
      .def(
          "find", [](const Directory& self, const std::string& text) { return code_of(self, self.find(text)); },
          py::arg("text"), "The code that a text means by code, title or alias; None if it means none.")
      .def(
          "parent",
          [](const Directory& self, const std::string& code) { return code_of(self, self.parent(self.at(code))); },
          py::arg("code"), "The code above, None at the top; NotFoundError names an unknown code.")
      .def(
          "level", [](const Directory& self, const std::string& code) { return self.level(self.at(code)); },
          py::arg("code"), "1 at the top.")
      .def(
          "ancestor",
          [](const Directory& self, const std::string& code, std::size_t level) {
            return code_of(self, self.ancestor(self.at(code), level));
          },
          py::arg("code"), py::arg("level"), "The code itself or the one above it at a level; None above that level.")
      .def(
          "is_under",
          [](const Directory& self, const std::string& code, const std::string& above) {
            return self.is_under(self.at(code), self.at(above));
          },
          py::arg("code"), py::arg("above"), "Whether a code is another one or stands below it.")
      .def("__repr__", [](const Directory& self) {
        return "<klientela.Directory '" + self.name() + "', " + std::to_string(self.entries().size()) + " codes>";
      });

  py::class_<Crosswalk>(module, "Crosswalk", R"doc(Which codes of one directory stand for which of another.

Parameters
----------
source, target : Directory
    The two directories.
data : table
    Columns ``from`` and ``to``, one pair a row; unknown codes are a NotFoundError that names them.)doc")
      .def(py::init([](const Directory& source, const Directory& target, const py::object& data) {
             return Crosswalk::from_table(source, target, column_table(data));
           }),
           py::arg("source"), py::arg("target"), py::arg("data"))
      .def("map", &Crosswalk::map, py::arg("code"),
           "Codes of the other directory; of a code without any those of the nearest code above it.");

  py::class_<Assignments>(module, "Assignments",
                          R"doc(A journal of what people assigned: later lines win, none is forgotten.

Parameters
----------
data : table, optional
    Columns ``client``, ``attribute``, ``value`` and, where there are any, ``source`` (hand or bulk), ``day``, ``by``.)doc")
      .def(py::init([](const py::object& data) {
             return data.is_none() ? Assignments() : Assignments::from_table(column_table(data));
           }),
           py::arg("data") = py::none())
      .def(
          "assign",
          [](Assignments& self, const py::object& client, const std::string& attribute,
             const std::optional<std::string>& value, const py::object& day, const std::string& by) {
            self.assign({.client = client_from(client).to_text(),
                         .attribute = attribute,
                         .value = value.value_or(""),
                         .source = ValueSource::hand,
                         .day = day_or_none(day),
                         .by = by});
          },
          py::arg("client"), py::arg("attribute"), py::arg("value"), py::kw_only(), py::arg("day") = py::none(),
          py::arg("by") = "", "Set a value by hand; None takes back what was set by hand before.")
      .def(
          "assign_bulk",
          [](Assignments& self, const py::iterable& clients, const std::string& attribute,
             const std::optional<std::string>& value, const py::object& day, const std::string& by) {
            std::vector<std::string> ids;
            for (const py::handle& client : clients) ids.push_back(client_from(client).to_text());
            self.assign(ids, attribute, value.value_or(""), day_or_none(day), by);
          },
          py::arg("clients"), py::arg("attribute"), py::arg("value"), py::kw_only(), py::arg("day") = py::none(),
          py::arg("by") = "", "Set one value for many clients; all or none.")
      .def("resolve", &Assignments::resolve, py::arg("attribute"), py::arg("directory"),
           "Put the directory's codes in the place of the attribute's values; NotFoundError names an unknown one.")
      .def_property_readonly("attributes", &Assignments::attributes, "Attributes that somebody has a value for.")
      .def_property_readonly(
          "table",
          [](const Assignments& self) {
            return PyTable{self.table(), {}};
          },
          "client, attribute, value, source, day, by, in the order of writing: what the host keeps.")
      .def("__len__", [](const Assignments& self) { return self.lines().size(); })
      .def("__repr__", [](const Assignments& self) {
        return "<klientela.Assignments: " + std::to_string(self.lines().size()) + " lines>";
      });

  module.def(
      "coverage",
      [](const py::object& data, const std::vector<std::string>& attributes, const std::string& split) {
        std::vector<CoverageAttribute> asked;
        for (const std::string& column : attributes) asked.push_back({column, {"unclassified"}});
        return PyTable{coverage_table(column_table(data), asked, split), {}};
      },
      py::arg("data"), py::arg("attributes") = std::vector<std::string>{}, py::arg("split") = "",
      R"doc(Tell what share of the rows has each attribute, and where its values come from.

Parameters
----------
data : table
    One row per client or contact.
attributes : list of str
    Columns; by default every one that has a column NAME_source.
split : str
    A column whose values are also counted apart, such as ``card.kind``.

Returns
-------
Table
    attribute, part, rows, known, share, hand, bulk, delivered, rules, given.)doc");
  module.def(
      "base_columns",
      [](const ClientBase& base, const py::object& data, const py::object& as_of, const std::vector<std::string>& names,
         const py::object& assignments) {
        const Table table = column_table(data);
        const Day day = to_day(as_of, "as_of");
        const Assignments assigned =
            assignments.is_none() ? Assignments() : argument<Assignments>(assignments, "assignments");
        return PyTable{long_call(1, py::none(),
                                 [&](const Control& control) {
                                   return with_base_columns(base, table, day, names, assigned, control);
                                 }),
                       {}};
      },
      py::arg("base"), py::arg("data"), py::arg("as_of"), py::arg("names"), py::kw_only(),
      py::arg("assignments") = py::none(),
      R"doc(Give a table of clients the columns that rules ask for and only the base knows.

Parameters
----------
base : ClientBase
    The base.
data : FeatureTable or table
    One row per client of the base, in its order.
as_of : datetime.date or str
    The last day that counts.
names : list of str
    ``as_of``, ``requests``, ``last_request``, ``card.<field>``, ``hand.<attribute>``, ``bulk.<attribute>``; others and
    those that the table has are passed over. ``Classifier.inputs`` says what a classifier reads.
assignments : Assignments, optional
    What people assigned.

Returns
-------
Table
    The table with those columns.)doc");
  module.def(
      "contacts",
      [](const ClientBase& base, const py::object& as_of) {
        return PyTable{contact_table(base, to_day(as_of, "as_of")), {}};
      },
      py::arg("base"), py::arg("as_of"),
      "The contacts in force on a day: client (the person), organisation, role (a code), title, primary, since, "
      "until.");
  module.def(
      "_select",
      [](const py::object& data, const std::vector<std::string>& names) {
        const Table table = column_table(data);
        Table picked;
        for (const std::string& name : names) picked.add(table.column(name));
        return PyTable{picked, {}};
      },
      py::arg("data"), py::arg("names"));
  module.def(
      "rule_set",
      [](const std::string& name) { return from_json(RulesClassifier(RuleOptions::named(name), name).to_json()); },
      py::arg("name"), "The options of a set of rules that comes with the library: relationship_type.");
}

}  // namespace klientela::python
