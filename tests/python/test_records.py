"""Lists that lose rows: what stays is byte for byte what it was."""

from __future__ import annotations

import gzip

import duckdb
import klientela
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from klientela import _records, readers

ROWS = [
    'id,"name",note',
    '1,"Berg, ""Anna""",x',
    '2,Otto," two\r\nlines,\nand ""more"""',
    "3,'=Ida,  ",
    '4,A"b", last',
]


def columns_of(file, encoding=None):
    return readers.read(file, encoding=encoding).data.columns


def edited(file, target, edit, encoding=None, columns=None):
    rows = _records.copy_text(file, target, columns or columns_of(file, encoding), edit, encoding)
    return rows, target.read_bytes()


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        (None, b""),
        (None, b"\xef\xbb\xbf"),
        ("cp1251", b""),
        ("utf-8-sig", b"\xef\xbb\xbf"),
        ("utf-16", b"\xff\xfe"),
        (None, b"\xfe\xff"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b""),
    ],
)
def test_rows_go_and_the_others_stay(tmp_path, line_end, last, encoding, mark):
    codec = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(mark, encoding or "utf-8").removesuffix("-sig")
    rows = [each.replace("Otto", "Оттo") for each in ROWS]

    def bytes_of(rows, whole=last):
        return mark + (line_end.join(rows) + (line_end if whole else "")).encode(codec)

    file, target = tmp_path / "a.csv", tmp_path / "b.csv"
    file.write_bytes(bytes_of(rows))
    columns = columns_of(file, encoding)
    for dropped in ((), (1,), (2,), (1, 3), (2, 4), (1, 2, 3, 4)):
        kept = [row for number, row in enumerate(rows) if number not in dropped]
        got = edited(file, target, _records.Edit(dropped), encoding, columns)
        assert got == (4, bytes_of(kept, last or 4 in dropped))


def test_blank_lines_stay_and_are_no_rows(tmp_path):
    file, target = tmp_path / "a.csv", tmp_path / "b.csv"
    file.write_bytes(b"\n\r\nid;name\n\n1;a\r\n\n2;b\n")
    assert edited(file, target, _records.Edit([1])) == (2, b"\n\r\nid;name\n\n\n2;b\n")
    file.write_bytes(b"name\na\n\nb\n\n")  # of one column they are rows without a value
    assert edited(file, target, _records.Edit([2, 3])) == (4, b"name\na\n\n")


def test_cells_are_emptied_and_numbers_put_in_front(tmp_path):
    file, target = tmp_path / "a.csv", tmp_path / "b.csv"
    file.write_bytes("\r\n".join(ROWS).encode())
    edit = _records.Edit([1], {"name": {2, 3}, "note": {2, 4}, "id": {4}}, "client")
    said = b'client,id,"name",note\r\n2,2,,\r\n3,3,,  \r\n4,,A"b",'
    assert edited(file, target, edit) == (4, said)


def test_packed_files_stay_packed(tmp_path):
    file = tmp_path / "a.tsv.gz"
    file.write_bytes(gzip.compress(b"id\tname\n1\ta\n2\tb\n"))
    target = tmp_path / "b.tsv.gz"
    _, written = edited(file, target, _records.Edit([1]))
    assert gzip.decompress(written) == b"id\tname\n2\tb\n"
    assert edited(file, tmp_path / "b.tsv", _records.Edit([1]))[1] == b"id\tname\n2\tb\n"


def test_endings_say_how_cells_are_kept_apart(tmp_path):
    file = tmp_path / "a.tsv"
    file.write_text("id\tname, first\tnote, last, other\n1\ta\tb\n", "utf-8")
    assert _records.stays_text(file, tmp_path / "b.tsv", None)
    assert not _records.stays_text(file, tmp_path / "b.csv", None)
    assert not _records.stays_text(file, tmp_path / "b.parquet", None)
    file.write_text("id\tname\n1\ta\n", "utf-8")
    assert _records.stays_text(file, tmp_path / "b.csv", None)


def test_text_that_cannot_be_written_back_is_refused(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(b"id,name\n1,\x1b$B8!\x1b(B\x1b(B\n")  # a shift that says nothing
    with pytest.raises(klientela.BadDataError, match=r"a\.csv cannot be written back in iso2022_jp"):
        edited(file, tmp_path / "b.csv", _records.Edit([]), "iso2022_jp")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.text('a",;\n\r é'), st.text("b |'=\t", max_size=3)), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.sets(st.integers(1, 6)),
)
def test_any_cell_is_copied(tmp_path_factory, cells, line_end, dropped):
    folder = tmp_path_factory.mktemp("records")
    rows = ["id,first,second"]
    for number, (first, second) in enumerate(cells, 1):
        rows.append(f'{number},"{first.replace(chr(34), chr(34) * 2)}",{second}')
    (folder / "a.csv").write_bytes("".join(row + line_end for row in rows).encode())
    kept = [row for number, row in enumerate(rows) if number not in dropped]
    rows_read, written = edited(folder / "a.csv", folder / "b.csv", _records.Edit(dropped))
    assert rows_read == len(cells)
    assert written == "".join(row + line_end for row in kept).encode()


def test_tables_keep_their_types(tmp_path):
    source = tmp_path / "a.parquet"
    duckdb.sql(
        "SELECT * FROM (VALUES (1, DATE '1980-05-03', ['a', 'b'], 1.50::DECIMAL(9, 2)), (2, NULL, ['c'], 2.25), "
        "(3, NULL, NULL, NULL)) t(id, born, phones, sum)"
    ).write_parquet(str(source))
    edit = _records.Edit([2], {"phones": {1}}, None)
    assert _records.write_rows(readers.read(source).data, tmp_path / "b.parquet", edit) == 3
    left = duckdb.read_parquet(str(tmp_path / "b.parquet"))
    assert left.types == duckdb.read_parquet(str(source)).types
    assert [row[0] for row in left.fetchall()] == [1, 3] and left.fetchall()[0][2] is None
    edit = _records.Edit([3], {}, "client")
    assert _records.write_rows(readers.read(source).data, tmp_path / "b.csv", edit) == 3
    assert (tmp_path / "b.csv").read_text("utf-8") == (
        "client,id,born,phones,sum\n1,1,1980-05-03,a;b,1.50\n2,2,,c,2.25\n"
    )
