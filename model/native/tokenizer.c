/* Texts to token ids, as model/tokenizer.py says.

   What it cannot decide as Python does, it leaves to Python: the small letters of words that are not ASCII, and the
   normal form of texts with characters that change or join others. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

/* Longer words are one unknown token: model.tokenizer.MAX_WORD_CHARACTERS. */
#define LONGEST_WORD 40

/* Bits in `classes`, one byte for each code point; as Python's \w, \s and str.lower have it. Characters beyond ASCII that
   are SETTLED are their own normal form, whatever stands beside them. */
enum { WORD = 1, SPACE = 2, HAS_SMALL = 4, SETTLED = 8 };

/* What became of a text. */
enum { WHOLE = 0, TRUNCATED = 1, LEFT_TO_PYTHON = 2, NOT_NORMALISED = 3 };

/* A character is at most so many when it is normalised here. */
#define MOST_PLAIN 3

/* Piece p is characters[starts[p]..starts[p + 1]], without its mark where it continues a word. slots: open addressing,
   the hash and the id of a piece, id -1 where it is free; a power of two of them, never full. */
struct vocabulary {
    const uint32_t *characters;
    const int64_t *starts;
    const uint8_t *continues;
    int64_t pieces;
    uint32_t *slot_hashes;
    int32_t *slot_ids;
    int64_t slots;
    int64_t longest;
    const uint8_t *classes;
    int32_t keeps_case, unknown_id, address_id, capitalised_id, upper_case_id;
};

/* FNV-1a over code points (Fowler, Noll and Vo), from a start that tells first pieces from continuing ones. */
static uint32_t hash_start(int continues) { return continues ? 0x9747b28cu : 2166136261u; }
static uint32_t hash_next(uint32_t hash, uint32_t character) { return (hash ^ character) * 16777619u; }
static int64_t slot_of(const struct vocabulary *vocabulary, uint32_t hash) {
    return (hash ^ (hash >> 15)) & (vocabulary->slots - 1);
}

EXPORT void newsgate_fill_slots(const struct vocabulary *vocabulary) {
    for (int64_t piece = 0; piece < vocabulary->pieces; piece++) {
        uint32_t hash = hash_start(vocabulary->continues[piece]);
        for (int64_t at = vocabulary->starts[piece]; at < vocabulary->starts[piece + 1]; at++)
            hash = hash_next(hash, vocabulary->characters[at]);
        int64_t slot = slot_of(vocabulary, hash);
        while (vocabulary->slot_ids[slot] >= 0) slot = (slot + 1) & (vocabulary->slots - 1);
        vocabulary->slot_hashes[slot] = hash;
        vocabulary->slot_ids[slot] = (int32_t)piece;
    }
}

static int32_t find(const struct vocabulary *vocabulary, const uint32_t *characters, int64_t count, int continues,
                    uint32_t hash) {
    for (int64_t slot = slot_of(vocabulary, hash);; slot = (slot + 1) & (vocabulary->slots - 1)) {
        const int32_t piece = vocabulary->slot_ids[slot];
        if (piece < 0) return -1;
        if (vocabulary->slot_hashes[slot] != hash || vocabulary->continues[piece] != continues) continue;
        const int64_t start = vocabulary->starts[piece];
        if (vocabulary->starts[piece + 1] - start == count &&
            !memcmp(vocabulary->characters + start, characters, (size_t)count * sizeof(uint32_t)))
            return piece;
    }
}

static int32_t find_whole(const struct vocabulary *vocabulary, const uint32_t *word, int64_t count) {
    if (count > vocabulary->longest) return -1;
    uint32_t hash = hash_start(0);
    for (int64_t at = 0; at < count; at++) hash = hash_next(hash, word[at]);
    return find(vocabulary, word, count, 0, hash);
}

/* The longest known pieces from left to right, or one unknown id where they do not spell the word; how many they are. */
static int64_t cut(const struct vocabulary *vocabulary, const uint32_t *word, int64_t count, int32_t *ids) {
    int64_t found = 0;
    for (int64_t start = 0; start < count;) {
        uint32_t hashes[LONGEST_WORD], hash = hash_start(start > 0);
        int64_t length = count - start < vocabulary->longest ? count - start : vocabulary->longest;
        for (int64_t at = 0; at < length; at++) hashes[at] = hash = hash_next(hash, word[start + at]);
        int32_t piece = -1;
        while (length > 0 && (piece = find(vocabulary, word + start, length, start > 0, hashes[length - 1])) < 0) length--;
        if (piece < 0) {
            ids[0] = vocabulary->unknown_id;
            return 1;
        }
        ids[found++] = piece;
        start += length;
    }
    return found;
}

static int is_ascii_capital(uint32_t character) { return character >= 'A' && character <= 'Z'; }

/* A case mark and the pieces of the small letters; 0 where only Python knows them. */
static int64_t cut_with_mark(const struct vocabulary *vocabulary, const uint32_t *word, int64_t count, int32_t *ids) {
    uint32_t small[LONGEST_WORD];
    int64_t capitals = 0, small_letters = 0, others = 0;
    for (int64_t at = 0; at < count; at++) {
        const uint32_t character = word[at];
        const int capital = is_ascii_capital(character);
        capitals += capital;
        small_letters += character >= 'a' && character <= 'z';
        others += character > 127 && (vocabulary->classes[character] & HAS_SMALL);
        small[at] = capital ? character + ('a' - 'A') : character;
    }
    if (!capitals && !others) return cut(vocabulary, word, count, ids);
    for (int64_t at = 0; at < count; at++)
        if (word[at] > 127) return 0;
    ids[0] = count > 1 && !small_letters ? vocabulary->upper_case_id : vocabulary->capitalised_id;
    return 1 + cut(vocabulary, small, count, ids + 1);
}

/* The ids of a word, at most LONGEST_WORD + 1 of them; 0 where only Python knows them. */
static int64_t encode_word(const struct vocabulary *vocabulary, const uint32_t *word, int64_t count, int32_t *ids) {
    ids[0] = vocabulary->unknown_id;
    if (count > LONGEST_WORD) return 1;
    const int32_t whole = find_whole(vocabulary, word, count);
    if (whole >= 0) {
        ids[0] = whole;
        return 1;
    }
    return vocabulary->keeps_case ? cut_with_mark(vocabulary, word, count, ids) : cut(vocabulary, word, count, ids);
}

/* Whether `text` begins with the letters of `small`, whatever their case; the characters of it, or 0. */
static int64_t begins_with(const uint32_t *text, const uint32_t *end, const char *small) {
    int64_t at = 0;
    for (; small[at]; at++) {
        if (text + at >= end) return 0;
        const uint32_t character = is_ascii_capital(text[at]) ? text[at] + ('a' - 'A') : text[at];
        if (character != (uint32_t)small[at]) return 0;
    }
    return at;
}

/* The characters of the address that begins here, or 0: model.tokenizer.ADDRESS. */
static int64_t address_characters(const struct vocabulary *vocabulary, const uint32_t *text, const uint32_t *end) {
    int64_t known = begins_with(text, end, "https://");
    if (!known) known = begins_with(text, end, "http://");
    int64_t further = 0;
    if (!known) {
        known = begins_with(text, end, "www.");
        further = 1;
    }
    if (!known) return 0;
    const uint32_t *at = text + known;
    while (at < end && !(vocabulary->classes[*at] & SPACE)) at++;
    return at - text >= known + further ? at - text : 0;
}

/* The ids of one text, no more than `most`, though up to LONGEST_WORD + 1 more are written; WHOLE, TRUNCATED or
   LEFT_TO_PYTHON. */
static uint8_t encode_text(const struct vocabulary *vocabulary, const uint32_t *text, const uint32_t *end, int64_t most,
                           int32_t *ids, int32_t *length) {
    int64_t count = 0;
    while (text < end) {
        const uint8_t kind = vocabulary->classes[*text];
        if (kind & SPACE) {
            text++;
            continue;
        }
        int64_t characters = 0, added = 1;
        const uint32_t small = *text | 32;
        if (small == 'h' || small == 'w') characters = address_characters(vocabulary, text, end);
        if (characters) {
            ids[count] = vocabulary->address_id;
        } else {
            characters = 1;
            if (kind & WORD)
                while (text + characters < end && (vocabulary->classes[text[characters]] & WORD)) characters++;
            added = encode_word(vocabulary, text, characters, ids + count);
            if (!added) return LEFT_TO_PYTHON;
        }
        text += characters;
        count += added;
        if (count > most) {
            *length = (int32_t)most;
            return TRUNCATED;
        }
    }
    if (!count) ids[count++] = vocabulary->unknown_id;
    *length = (int32_t)count;
    return WHOLE;
}

/* Writes a text as model.tokenizer.fold gives it, and returns its characters; -1 where only Python can tell. */
static int64_t write_plain(const struct vocabulary *vocabulary, const uint32_t *text, const uint32_t *end,
                           uint32_t *plain) {
    const uint32_t *const start = plain;
    for (; text < end; text++) {
        uint32_t character = *text;
        if (character > 127) {
            const uint8_t kind = vocabulary->classes[character];
            switch (character) {
            case 0x2026: /* an ellipsis */
                *plain++ = '.';
                *plain++ = '.';
                character = '.';
                break;
            case 0x00a0: character = ' '; break;
            case 0x2018: case 0x2019: character = '\''; break;
            case 0x201c: case 0x201d: character = '"'; break;
            default:
                if (!(kind & SETTLED) || (!vocabulary->keeps_case && kind & HAS_SMALL)) return -1;
            }
        } else if (!vocabulary->keeps_case && is_ascii_capital(character)) {
            character += 'a' - 'A';
        }
        *plain++ = character;
    }
    return plain - start;
}

/* Writes the ids of `texts` texts, which stand in `text` with a NUL between them, one after the other into `ids`; there
   must be room for MOST_PLAIN * characters + texts + LONGEST_WORD + 1. folded: they are normalised already. Of a text that
   is left to Python there are none. Returns how many ids there are, or -1 where there is no memory. */
EXPORT int64_t newsgate_encode(const struct vocabulary *vocabulary, const uint32_t *text, int64_t characters,
                               int64_t texts, int64_t most, int32_t folded, int32_t *ids, int64_t *starts,
                               int32_t *lengths, uint8_t *outcomes) {
    const uint32_t *const end = text + characters;
    /* Most of it is never touched: it takes one text at a time. */
    uint32_t *plain = folded ? NULL : malloc((size_t)(MOST_PLAIN * characters + 1) * sizeof(uint32_t));
    if (!folded && !plain) return -1;
    int64_t count = 0;
    for (int64_t row = 0; row < texts; row++) {
        const uint32_t *text_end = text;
        while (text_end < end && *text_end) text_end++;
        starts[row] = count;
        lengths[row] = 0;
        if (folded) {
            outcomes[row] = encode_text(vocabulary, text, text_end, most, ids + count, &lengths[row]);
        } else {
            const int64_t written = write_plain(vocabulary, text, text_end, plain);
            outcomes[row] = written < 0 ? NOT_NORMALISED
                                        : encode_text(vocabulary, plain, plain + written, most, ids + count, &lengths[row]);
        }
        count += lengths[row];
        text = text_end + 1;
    }
    free(plain);
    return count;
}
