"""What languages are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

# Those that CLD3 tells apart.
_LIST: Final = """\
af Afrikaans, am Amharic, ar Arabic, az Azerbaijani, be Belarusian, bg Bulgarian, bn Bengali, bs Bosnian, ca Catalan,
ceb Cebuano, co Corsican, cs Czech, cy Welsh, da Danish, de German, el Greek, en English, eo Esperanto, es Spanish,
et Estonian, eu Basque, fa Persian, fi Finnish, fil Filipino, fr French, fy Frisian, ga Irish, gd Scottish Gaelic,
gl Galician, gu Gujarati, ha Hausa, haw Hawaiian, hi Hindi, hmn Hmong, hr Croatian, ht Haitian Creole, hu Hungarian,
hy Armenian, id Indonesian, ig Igbo, is Icelandic, it Italian, iw Hebrew, ja Japanese, jv Javanese, ka Georgian,
kk Kazakh, km Khmer, kn Kannada, ko Korean, ku Kurdish, ky Kyrgyz, la Latin, lb Luxembourgish, lo Lao, lt Lithuanian,
lv Latvian, mg Malagasy, mi Maori, mk Macedonian, ml Malayalam, mn Mongolian, mr Marathi, ms Malay, mt Maltese,
my Burmese, ne Nepali, nl Dutch, no Norwegian, ny Nyanja, pa Punjabi, pl Polish, ps Pashto, pt Portuguese, ro Romanian,
ru Russian, sd Sindhi, si Sinhala, sk Slovak, sl Slovenian, sm Samoan, sn Shona, so Somali, sq Albanian, sr Serbian,
st Sotho, su Sundanese, sv Swedish, sw Swahili, ta Tamil, te Telugu, tg Tajik, th Thai, tr Turkish, uk Ukrainian,
ur Urdu, uz Uzbek, vi Vietnamese, xh Xhosa, yi Yiddish, yo Yoruba, zh Chinese, zu Zulu"""
_NAMES: Final[Mapping[str, str]] = {
    code: name for code, _, name in (pair.strip().partition(" ") for pair in _LIST.split(","))
}
_LEAST_SHARE = 0.1


def language_name(code: str) -> str:
    """What a language is called, or its code where that is not known: "Hindi in Latin letters" for hi-Latn."""
    language, _, script = code.partition("-")
    name = _NAMES.get(language, code)
    return f"{name} in Latin letters" if script == "Latn" and language in _NAMES else name


def describe_other_languages(others: Mapping[str, float], own: Sequence[str], *, model: str) -> str:
    """Say that most texts are in other languages than those a model was trained on: a sentence without its full stop.

    others: their shares, as `TextLanguages.other_than` gives them. model: what it is called in the sentence.
    """
    told = [language for language, share in others.items() if share >= _LEAST_SHARE] or list(others)[:1]
    shares = _listed([f"{language_name(language)} ({others[language]:.0%})" for language in told])
    trained_on = _listed([language_name(language) for language in own])
    return f"most texts are in {shares}, and {model} was trained on {trained_on}: its verdicts on others mean little"


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
