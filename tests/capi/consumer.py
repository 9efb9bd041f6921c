"""The C library from another language with nothing but ctypes: three clients through a run, read back cell by cell."""

import ctypes
import json
import sys
from ctypes import POINTER, byref, c_char_p, c_double, c_int32, c_int64, c_size_t, c_void_p


class Library:
    def __init__(self, path: str) -> None:
        self.c = ctypes.CDLL(path)
        for name in ("klt_context_last_message", "klt_context_last_where", "klt_version"):
            getattr(self.c, name).restype = c_char_p
        for name in ("klt_table_row_count", "klt_table_column_count", "klt_string_size"):
            getattr(self.c, name).restype = c_size_t
        self.c.klt_table_column_name.restype = c_char_p
        self.c.klt_string_data.restype = c_void_p
        self.context = c_void_p()
        assert self.c.klt_context_new(byref(self.context)) == 0

    def call(self, name: str, *arguments) -> None:
        if getattr(self.c, name)(self.context, *arguments) != 0:
            message = self.c.klt_context_last_message(self.context).decode()
            where = self.c.klt_context_last_where(self.context).decode()
            raise RuntimeError(f"{name}: {message} [{where}]")

    def make(self, name: str, *arguments) -> c_void_p:
        handle = c_void_p()
        self.call(name, *arguments, byref(handle))
        return handle

    def text(self, string: c_void_p) -> str:
        data = ctypes.string_at(self.c.klt_string_data(string), self.c.klt_string_size(string))
        self.c.klt_string_free(string)
        return data.decode()

    def rows(self, table: c_void_p) -> list[dict[str, str]]:
        names = [
            self.c.klt_table_column_name(table, c_size_t(column)).decode()
            for column in range(self.c.klt_table_column_count(table))
        ]
        found = []
        for row in range(self.c.klt_table_row_count(table)):
            cells = [self.make("klt_table_render", table, c_size_t(i), c_size_t(row)) for i in range(len(names))]
            found.append(dict(zip(names, map(self.text, cells), strict=True)))
        self.c.klt_table_free(table)
        return found


def main() -> int:
    library = Library(sys.argv[1])
    names = (c_char_p * 4)("анна".encode(), b"boris", "анна".encode(), b"=cmd")
    days = (c_int32 * 4)(18000, 18010, 18020, 18030)
    amounts = (c_double * 4)(100.5, 7.25, -0.5, 1.0)
    builder = library.make("klt_table_builder_new", c_size_t(4))
    library.call("klt_table_builder_add_text", builder, b"client", names)
    library.call("klt_table_builder_add_day", builder, b"at", days, POINTER(ctypes.c_uint8)())
    library.call("klt_table_builder_add_double", builder, b"amount", amounts, POINTER(ctypes.c_uint8)())
    table = library.make("klt_table_builder_finish", builder)
    library.c.klt_table_builder_free(builder)
    tables = library.make("klt_tables_new")
    library.call("klt_tables_add_table", tables, b"transactions", table)
    library.c.klt_table_free(table)
    result = library.make("klt_run", tables, None, c_int32(-(2**31)))
    library.c.klt_tables_free(tables)

    clients = library.rows(library.make("klt_result_clients", result))
    assert [row["client"] for row in clients] == ["=cmd", "boris", "анна"], clients
    assert [row["money_gross"] for row in clients] == ["1", "7.25", "100.5"], clients
    assert clients[2]["money_refunds"] == "0.5", clients
    assert clients[2]["abc"] == "A", clients
    summary = json.loads(library.text(library.make("klt_result_summary", result)))
    assert summary["rows_read"] == 4 and summary["money_gross"] == "108.75", summary
    csv_table = library.make("klt_result_clients", result)
    csv = library.text(library.make("klt_table_to_csv", csv_table))
    library.c.klt_table_free(csv_table)
    assert "\n'=cmd," in csv, csv
    library.c.klt_result_free(result)

    policy = c_void_p()
    try:
        library.call("klt_policy_from_json", b'{"features": {"window_days": -1}}', byref(policy))
        raise AssertionError("a negative window was taken")
    except RuntimeError as error:
        assert "[/features/window_days]" in str(error), error
    assert not policy
    day = c_int32()
    library.call("klt_parse_day", b"2019-04-14", byref(day))
    assert day.value == 18000
    number = c_int64()
    assert library.c.klt_table_get_int64(library.context, None, c_size_t(0), c_size_t(0), byref(number)) == 1
    library.c.klt_context_free(library.context)
    print(f"klientela {library.c.klt_version().decode()} answers through ctypes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
