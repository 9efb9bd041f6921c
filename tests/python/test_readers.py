"""Files as companies have them: ids keep their zeros, broken lines are kept aside, everything else arrives."""

from __future__ import annotations

import datetime as dt
import gzip
import json

import klientela
import pyarrow as pa
import pyarrow.parquet
import pytest
from klientela import readers


def rows(source):
    return pa.table(source.data).to_pylist()


def test_csv_cells_stay_text(tmp_path):
    file = tmp_path / "sales.csv"
    file.write_text("client,amount,day\n00123,1.50,2026-01-02\n,,\n", encoding="utf-8")
    assert rows(readers.read(file)) == [
        {"client": "00123", "amount": "1.50", "day": "2026-01-02"},
        {"client": None, "amount": None, "day": None},
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_delimiters_line_ends_and_marks(tmp_path, delimiter, line_end):
    file = tmp_path / ("sales.tsv" if delimiter == "\t" else "sales.csv")
    lines = [f"имя{delimiter}amount", f'"a{delimiter}""b"""{delimiter}1', f'"two{line_end}lines"{delimiter}2']
    file.write_bytes(b"\xef\xbb\xbf" + (line_end.join(lines) + line_end).encode())
    source = readers.read(file)
    assert rows(source) == [{"имя": f'a{delimiter}"b"', "amount": "1"}, {"имя": f"two{line_end}lines", "amount": "2"}]
    assert source.malformed == []


def test_gzip(tmp_path):
    file = tmp_path / "sales.csv.gz"
    file.write_bytes(gzip.compress(b"client,amount\n1,2\n"))
    assert rows(readers.read(file)) == [{"client": "1", "amount": "2"}]
    file.write_bytes(gzip.compress(b"client,amount\n" + b"1,2\n" * 100_000)[:200])
    with pytest.raises(klientela.BadDataError):
        readers.read(file)
    whole = bytearray(gzip.compress(bytes(range(48, 58)) * 4_000 + b"\n"))
    whole[12:20] = b"\xff" * 8
    file.write_bytes(whole)
    with pytest.raises(klientela.BadDataError, match="not a whole gzip file"):
        readers.read(file)


def test_a_byte_order_mark_alone_is_an_empty_file(tmp_path):
    file = tmp_path / "sales.csv"
    file.write_bytes(b"\xef\xbb\xbf")
    with pytest.raises(klientela.BadDataError, match="is empty"):
        readers.read(file)


def test_broken_lines_are_counted_with_their_rows(tmp_path):
    file = tmp_path / "sales.csv"
    file.write_bytes(b'client,amount\n1,2\n3\n4,5,6\n"x\ny",7\n8,\xff\n9,10\n')
    source = readers.read(file)
    assert [row["amount"] for row in rows(source)] == ["2", "7", "10"]
    assert [(row, text) for row, _, text in source.malformed][:2] == [(1, "3"), (2, "4,5,6")]
    assert source.malformed[2][0] == 4


def test_broken_lines_of_a_large_file(tmp_path):
    file = tmp_path / "large.csv"
    broken = []
    with file.open("w", encoding="utf-8") as out:
        out.write("client,text,amount\n")
        for row in range(150_000):
            if row % 40_001 == 17:
                out.write(f"{row},short\n")
                broken.append(row)
            elif row % 999 == 5:
                out.write(f'{row},"two\nlines {"x" * 40}",1\n')
            else:
                out.write(f"{row},{'y' * 40},1\n")
    source = readers.read(file)
    assert [row for row, _, _ in source.malformed] == broken
    assert len(pa.table(source.data)) == 150_000 - len(broken)


def test_other_encodings(tmp_path):
    file = tmp_path / "sales.csv"
    text = "клиент;сумма\nЁжик;1,5\n"
    file.write_bytes(text.encode("cp1251"))
    with pytest.raises(klientela.BadDataError, match="encoding"):
        readers.read(file)
    assert rows(readers.read(file, encoding="cp1251")) == [{"клиент": "Ёжик", "сумма": "1,5"}]
    file.write_bytes(text.encode("utf-16"))
    assert rows(readers.read(file)) == [{"клиент": "Ёжик", "сумма": "1,5"}]
    with pytest.raises(klientela.InvalidArgumentError):
        readers.read(file, encoding="klingon")


def test_parquet_keeps_types(tmp_path):
    file = tmp_path / "sales.parquet"
    table = pa.table(
        {"client": ["007"], "at": pa.array([dt.datetime(2026, 1, 2)], pa.timestamp("us")), "amount": [1.5]}
    )
    pyarrow.parquet.write_table(table, file)
    assert rows(readers.read(file)) == table.to_pylist()
    file.write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(klientela.BadDataError):
        readers.read(file)


def test_json_lines(tmp_path):
    file = tmp_path / "cards.jsonl"
    lines = [
        {"client": "00123", "emails": ["a@x.example", "b@x.example"], "vip": True},
        {"client": "5", "at": "2026-01-02"},
    ]
    file.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    assert rows(readers.read(file)) == [
        {"client": "00123", "emails": ["a@x.example", "b@x.example"], "vip": True, "at": None},
        {"client": "5", "emails": None, "vip": None, "at": "2026-01-02"},
    ]
    array = tmp_path / "cards.json"
    array.write_text(json.dumps(lines), encoding="utf-8")
    assert rows(readers.read(array))[0]["client"] == "00123"


def test_excel(tmp_path):
    xlsxwriter = pytest.importorskip("xlsxwriter")
    file = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(file) as book:
        stamp = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        first = book.add_worksheet("Notes")
        first.write_row(0, 0, ["nothing", "here"])
        sheet = book.add_worksheet("Transactions")
        sheet.write_row(0, 0, ["client", "amount", "at", "mixed"])
        sheet.write_row(1, 0, [17850, 2.55])
        sheet.write_datetime(1, 2, dt.datetime(2026, 1, 2, 9, 30), stamp)
        sheet.write_row(2, 0, [17851, 3])
        sheet.write_datetime(2, 2, dt.datetime(2026, 1, 3), stamp)
        sheet.write(2, 3, "text")
        sheet.write(1, 3, 5)
    wanted = [
        {"client": 17850, "amount": 2.55, "at": dt.datetime(2026, 1, 2, 9, 30), "mixed": "5"},
        {"client": 17851, "amount": 3.0, "at": dt.datetime(2026, 1, 3), "mixed": "text"},
    ]
    assert rows(readers.read(file)) == wanted
    assert rows(readers.read(f"{file}#Transactions")) == wanted
    assert rows(readers.read(f"{file}#Notes")) == []
    with pytest.raises(klientela.NotFoundError, match="Transactions"):
        readers.read(f"{file}#May")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n\n", "is empty"),
        ("twice.csv", b"client,Client\n1,2\n", "two columns"),
        ("book.xlsx", b"no workbook", "workbook"),
        ("what.doc", b"x", "ending"),
        ("list.jsonl", b"1\n2\n", "no JSON objects"),
    ],
)
def test_files_that_cannot_be_read_name_themselves(tmp_path, name, content, message):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(klientela.BadDataError, match=message) as caught:
        readers.read(file)
    assert caught.value.where == str(file)


def test_no_file():
    with pytest.raises(LookupError, match="no file"):
        readers.read("nowhere.csv")


@pytest.mark.parametrize("first", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("second", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("block", [9, 1 << 23])
def test_line_ends_inside_quotes_and_of_several_kinds_lose_nothing(tmp_path, monkeypatch, first, second, block):
    monkeypatch.setattr(readers, "_BLOCK", block)
    file = tmp_path / "sales.csv"
    text = f'client,note{first}1,"a\r\nb"{first}2,x{second}3,"""c"" \r d"{second}4,5" pipe{first}5,"\n"'
    file.write_bytes(text.encode())
    source = readers.read(file)
    assert source.malformed == []
    notes = ["a\r\nb", "x", '"c" \r d', '5" pipe', "\n"]
    assert [tuple(row.values()) for row in rows(source)] == list(zip("12345", notes, strict=True))


def test_broken_lines_of_a_mixed_file_keep_their_numbers(tmp_path):
    file = tmp_path / "sales.csv"
    file.write_bytes(b'\n\r\nclient,amount\r\n1,2\r3\n\n4,"5\r\n6"\r\n7,8,9\n10,11')
    source = readers.read(file)
    assert [row["client"] for row in rows(source)] == ["1", "4", "10"]
    assert source.malformed == [(1, "amount", "3"), (3, "", "7,8,9")]


def test_rows_that_would_be_lost_are_an_error(tmp_path, monkeypatch):
    file = tmp_path / "sales.csv"
    file.write_bytes(b'client,note\n1,"a\r\nb"\n2,x\n')
    survey = readers._survey

    def wrong(*arguments):
        found = survey(*arguments)
        found.line_end = "\\r\\n"
        return found

    monkeypatch.setattr(readers, "_survey", wrong)
    with pytest.raises(klientela.BadDataError, match="2 rows, of which 0") as caught:
        readers.read(file)
    assert caught.value.where == str(file)


def test_a_quote_that_is_never_closed_in_a_large_file_is_an_error(tmp_path):
    file = tmp_path / "sales.csv"
    file.write_bytes(b'client,note\n1,"a\n' + b"2,x\n" * (5 << 20))
    with pytest.raises(klientela.BadDataError, match="never closed"):
        readers.read(file)


@pytest.mark.parametrize(
    "broken",
    ['{"client":"2",', '{"client":[1}', "5", '{"client":"4"} trailing', '{"client":"5"}{"client":"6"}', "\x00"],
)
@pytest.mark.parametrize("packed", [False, True])
def test_broken_lines_of_json_are_kept_aside(tmp_path, broken, packed):
    text = f'{{"client":"1","amount":2}}\r\n\n{broken}\n{{"client":"3","amount":1.5}}'.encode()
    file = tmp_path / ("cards.jsonl.gz" if packed else "cards.jsonl")
    file.write_bytes(gzip.compress(text) if packed else text)
    source = readers.read(file)
    assert rows(source) == [{"client": "1", "amount": 2}, {"client": "3", "amount": 1.5}]
    assert source.malformed == [(1, "", broken)]


def test_json_that_is_not_utf_8_is_kept_aside(tmp_path):
    file = tmp_path / "cards.jsonl"
    file.write_bytes(b'{"client":"1"}\n{"client":"\xff"}\n')
    source = readers.read(file)
    assert rows(source) == [{"client": "1"}]
    assert [row for row, _, _ in source.malformed] == [1]
