"""Which column is the text in tables of services that watch media, of surveys and of queues."""

from __future__ import annotations

import json

import pytest

from newsgate.tasks.reading import NoTextColumnError
from newsgate.tasks.reading.column_content import judge_cell
from tests.unit.reading.helpers import Reading, rejects, texts

LONG = (
    "The mayor sold the moon to a company.",
    "The bridge reopened at noon after two years.",
    "A fruit cures everything overnight.",
    "The library opens on Sundays now.",
    "Nurse reveals what the patients are paid.",
)


def rows_of(*lines: tuple[str, ...]) -> str:
    return "".join("\t".join(line) + "\n" for line in lines)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (("Date", "Headline", "Opening Text"), ("Headline", "Opening Text")),
        (("Date", "Title", "Snippet"), ("Title", "Snippet")),
        (("Date", "Title", "Hlead"), ("Title", "Hlead")),
        (("No.", "Headline", "Lead paragraph"), ("Headline", "Lead paragraph")),
        (("Date", "Snippet", "Full Text"), ("Full Text",)),
        (("Date", "title", "description"), ("title",)),
    ],
)
def test_a_title_stands_with_the_beginning_of_its_article(
    reading: Reading, header: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    data = rows_of(header, *(("7", f"A town {number}", text) for number, text in enumerate(LONG)))
    assert reading.layout(data).text_columns == expected
    if len(expected) == 2:
        assert texts(reading.read(data)) == [f"A town {number}\n{text}" for number, text in enumerate(LONG)]


def test_a_post_in_meltwaters_table_has_its_words_in_the_hit_sentence(reading: Reading) -> None:
    data = "\ufeff" + rows_of(
        ("Date", "Headline", "Opening Text", "Hit Sentence", "Twitter Bio"),
        ("01-May-2023", "Bridge", LONG[1], "... at noon ...", ""),
        ("01-May-2023", "", "", LONG[0], "I like the moon and my dog."),
    )
    layout = reading.layout(data.encode("utf-16-le"))
    assert (layout.text_columns, layout.text_fallbacks) == (("Headline", "Opening Text"), ("Hit Sentence",))
    assert layout.notes == ("where 'Headline' and 'Opening Text' are empty, the text is 'Hit Sentence'",)
    assert texts(reading.read(data.encode("utf-16-le"))) == [f"Bridge\n{LONG[1]}", LONG[0]]


def test_a_newspaper_is_no_text_and_a_french_publication_is(reading: Reading) -> None:
    nexis = rows_of(
        ("Title", "Hlead", "Publication"), *((f"A town {n}", text, "Example Times") for n, text in enumerate(LONG))
    )
    assert reading.layout(nexis).text_columns == ("Title", "Hlead")
    french = rows_of(("Titre", "Publication"), *((f"Ville {n}", text) for n, text in enumerate(LONG)))
    assert reading.layout(french).text_columns == ("Publication",)
    alone = rows_of(("Date", "Publication"), *(("7", text) for text in LONG))
    assert reading.layout(alone).text_columns == ("Publication",)


@pytest.mark.parametrize("remark", ["thanks", "thank you very much indeed"])
def test_few_remarks_are_not_the_answers(reading: Reading, remark: str) -> None:
    data = rows_of(
        ("Timestamp", "Which rumour did you hear?", "Comments"),
        *((f"2023/05/0{n} 10:00:00 am GMT+2", text, remark if n == 1 else "") for n, text in enumerate(LONG, 1)),
    )
    assert texts(reading.read(data)) == list(LONG)
    assert "'Comments' holds" in reading.layout(data).notes[0]


def test_comments_are_the_text_where_nothing_else_is(reading: Reading) -> None:
    data = rows_of(("Author", "Comments"), ("ann", LONG[0]), ("ben", ""), ("eve", ""), ("joe", ""), ("kim", ""))
    assert texts(reading.read(data)) == [LONG[0]]
    # Two columns of sentences: only the person knows which is meant.
    data = rows_of(("a", "b", "Comments"), *((text, text, LONG[0] if n == 0 else "") for n, text in enumerate(LONG)))
    assert len(rejects(reading.read(data))) == 4


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("2023/05/01 10:00:00 am GMT+2", "dates"),
        ("05/01/2023 10:00:00 AM", "dates"),
        ("2023-05-01 10:00:00 p.m.", "dates"),
        ("2023-05-01 10:00:00 UTC", "dates"),
        ("2023-05-01 amplified by others", "texts"),
        ("01.05.2023 war ein Tag", "texts"),
        ('{"id": 1, "text": "A town."}', "JSON"),
        ('{"text":"A town."},{"text":" Another."}', "texts"),
        ('{"a"} is how the set is written, he said {yes}', "texts"),
        ("{}", "single words"),
    ],
)
def test_what_a_cell_is(cell: str, kind: str) -> None:
    assert judge_cell(cell) == kind


@pytest.mark.parametrize(("name", "path"), [("payload", ".payload"), ("the message", '.["the message"]')])
def test_records_in_a_string_are_no_texts(reading: Reading, name: str, path: str) -> None:
    lines = [json.dumps({"offset": n, name: json.dumps({"id": n, "text": text})}) for n, text in enumerate(LONG)]
    with pytest.raises(NoTextColumnError, match=f"'{name}' holds JSON") as caught:
        reading.read("\n".join(lines), name="kafka.jsonl")
    assert (
        caught.value.remedy
        == f"If the rows are in it, take them out: jq -c '{path} | fromjson' kafka.jsonl | enqueue -"
    )
    assert len(texts(reading.read("\n".join(lines), name="kafka.jsonl", text_columns=(name,)))) == len(LONG)
    table = rows_of(("offset", "payload"), *((str(n), json.dumps({"id": n})) for n in range(3)))
    with pytest.raises(NoTextColumnError, match=r"'payload' holds JSON.*--text-column"):
        reading.read(table)
