"""In which languages texts are, and when it is said that a model cannot read most of them."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsgate.db.batches import AcceptedRow
from newsgate.model.bundle import read_bundle
from newsgate.model.language_names import describe_other_languages, language_name
from newsgate.model.languages import (
    MOST_CHARS,
    MOST_TEXTS,
    TextLanguages,
    measure_languages,
    own_languages,
    read_languages,
)
from newsgate.model.recorded_facts import recorded_facts
from newsgate.model.starter import starter_bundle
from newsgate.tasks.enqueueing.text_sample import TextSample
from tests.texts import posts

SENTENCES = {
    "de": (
        "Angeblich enthält der Impfstoff einen Mikrochip, behauptet ein Video.",
        "Das Gesundheitsamt meldet 230 neue Fälle in München #Corona",
        "Wer Knoblauch isst, wird nicht krank – stimmt das? https://t.co/a",
    ),
    "fr": (
        "Une vidéo affirme que le vaccin contient une puce électronique.",
        "La mairie confirme 230 nouveaux cas à Lyon cette semaine #Covid",
        "Boire de l'eau chaude tue le virus ? Non, disent les médecins https://t.co/a",
    ),
    "es": (
        "Un video asegura que la vacuna contiene un microchip.",
        "El ayuntamiento confirma 230 nuevos casos en Sevilla #Covid",
        "¿Beber agua caliente mata el virus? Los médicos dicen que no https://t.co/a",
    ),
    "ar": (
        "فيديو يزعم أن اللقاح يحتوي على شريحة إلكترونية",
        "وزارة الصحة تؤكد تسجيل 230 حالة جديدة هذا الأسبوع",
        "هل يقتل الماء الساخن الفيروس؟ الأطباء يقولون لا https://t.co/a",
    ),
    "hi": (
        "एक वीडियो में दावा किया गया है कि टीके में माइक्रोचिप है।",
        "स्वास्थ्य मंत्रालय ने 230 नए मामलों की पुष्टि की।",
        "क्या गर्म पानी पीने से वायरस मर जाता है? https://t.co/a",
    ),
    "ru": (
        "В видео утверждают, что вакцина содержит микрочип.",
        "Минздрав подтвердил 230 новых случаев за неделю.",
        "Убивает ли горячая вода вирус? Врачи говорят, что нет https://t.co/a",
    ),
    "zh": (
        "视频声称疫苗中含有微型芯片，专家表示这完全是谣言。",
        "卫生部门确认本周新增230例病例，请大家注意防护。",
        "喝热水能杀死病毒吗？医生说不能 https://t.co/a",
    ),
}
ENGLISH_POSTS = (
    "RT @who: Kim Kardashian & Kanye West in Paris?! https://t.co/x #KUWTK",
    "BREAKING: Nigeria confirms 230 new cases #COVID19Nigeria https://t.co/ab12 via @NCDCgov",
    "Ariana Grande, Pete Davidson: Engagement Off",
    "no mask no entry lol &amp; that's that",
    "Selena Gomez – Justin Bieber: 'Baby' https://www.example.org/a/b?c=d",
    "Vaccines kill!!! Share before they delete it",
)


@pytest.mark.parametrize("language", SENTENCES)
def test_another_language_is_told_and_its_own_is_not(language: str) -> None:
    found = measure_languages(SENTENCES[language])
    assert next(iter(found.other_than(("en",)))) == language
    assert found.other_than((language,)) == {}
    assert own_languages(SENTENCES[language]) == (language,)


def test_english_posts_with_links_names_and_hashtags_are_english() -> None:
    draw = random.Random(0)
    for count in range(1, len(ENGLISH_POSTS) + 1):
        for _ in range(10):
            assert measure_languages(draw.sample(ENGLISH_POSTS, count)).other_than(("en",)) == {}
    found = measure_languages(posts(300))
    assert (found.texts, found.together, found.other_than(("en",))) == (MOST_TEXTS, "en", {})
    # And to a model that was trained on German texts they are in another language.
    assert "en" in found.other_than(("de",))


def test_nothing_is_said_of_a_few_words_and_of_a_model_that_does_not_say_its_languages() -> None:
    german = SENTENCES["de"]
    for texts in ([], ["Hallo Welt"], ["😀 😀", "12 3.4", "https://t.co/a"], ["\udcff"], [""]):
        assert measure_languages(texts).other_than(("en",)) == {}
        assert own_languages(texts) is None
    assert measure_languages(german).other_than(()) == {}


def test_most_of_a_mixed_batch_counts() -> None:
    german, english = SENTENCES["de"], ENGLISH_POSTS[:3]
    assert measure_languages([*german * 4, *english]).other_than(("en",)) != {}
    assert measure_languages([*german, *english * 4]).other_than(("en",)) == {}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_text_can_be_measured_and_read_back(texts: list[str]) -> None:
    found = measure_languages(texts)
    assert read_languages(found.as_json()) == found
    assert sum(found.shares.values()) <= 1.01


def test_what_nobody_measured_is_of_no_texts() -> None:
    assert read_languages(None) == TextLanguages(0, {}, None)


@pytest.mark.parametrize("rows", [1, 30, 2000, 90_001])
def test_a_sample_is_of_all_the_file_and_small_however_long_it_is(rows: int) -> None:
    sample, block_rows = TextSample(), 1000
    for first in range(0, rows, block_rows):
        numbers = range(first, min(first + block_rows, rows))
        sample.add([AcceptedRow(number, None, f"{number} " + "x" * 1000, b"") for number in numbers])
    assert min(rows, MOST_TEXTS // 2) <= len(sample.texts) <= MOST_TEXTS
    assert all(len(text) == MOST_CHARS for text in sample.texts)
    places = [int(text.split()[0]) for text in sample.texts]
    assert places == sorted(set(places))
    tenths = Counter(10 * place // rows for place in places)
    assert rows < MOST_TEXTS or min(tenths[tenth] for tenth in range(10)) >= len(places) // 20


def test_other_languages_are_told_in_a_sentence() -> None:
    told = describe_other_languages({"de": 0.5, "hi-Latn": 0.3, "x": 0.1, "fr": 0.01}, ("en", "nl"), model="model 3")
    assert told == (
        "most texts are in German (50%), Hindi in Latin letters (30%) and x (10%), and model 3 was trained on English "
        "and Dutch: its verdicts on others mean little"
    )
    assert language_name("zu") == "Zulu"


def test_a_bundle_says_the_languages_of_its_training_texts() -> None:
    metadata = read_bundle(starter_bundle()).metadata
    assert metadata.languages == ("en",)
    assert recorded_facts(metadata.as_dict()).languages == ("en",)
    # The starter of the first release did not say it.
    older = metadata.as_dict()
    del older["languages"]
    assert recorded_facts(older).languages == ("en",)
    assert recorded_facts({}).languages is None
    assert recorded_facts({"languages": "en"}).damaged == ("languages",)
