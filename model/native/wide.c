/* The sums of the wide part, as model/wide.py and model/wide_features.py say: over the different features of a text. */

#include <stdint.h>
#include <stdlib.h>

#include "token_pairs.h"

#define EXPORT __attribute__((visibility("default")))

/* In place of the small letters of a case mark: model.wide_features.NO_PIECE. */
#define NO_PIECE -1

struct sums {
    const int32_t *evidence, *squares;
    /* The number of the last text that had each feature, counted from 1. */
    int32_t *last;
    int32_t text;
    int64_t of_evidence, of_squares;
};

static void add(struct sums *sums, int64_t feature) {
    if (sums->last[feature] == sums->text) return;
    sums->last[feature] = sums->text;
    sums->of_evidence += sums->evidence[feature];
    sums->of_squares += sums->squares[feature];
}

/* Writes both sums of `texts` texts. Text t has lengths[t] ids, at least one, each from 0 to pieces - 1, from
   ids[starts[t]] on. evidence, squares: [pieces + 2^bits]. small: [pieces], each from NO_PIECE to pieces - 1. Returns 0,
   or -1 where there is no memory. */
EXPORT int32_t newsgate_wide_sums(const int32_t *evidence, const int32_t *squares, const int32_t *small, int64_t pieces,
                                  int64_t bits, const int32_t *ids, const int64_t *starts, const int32_t *lengths,
                                  int64_t texts, int64_t *evidence_sums, int64_t *square_sums) {
    int32_t *last = calloc((size_t)(pieces + ((int64_t)1 << bits)), sizeof(int32_t));
    if (!last) return -1;
    for (int64_t text = 0; text < texts; text++) {
        struct sums sums = {evidence, squares, last, (int32_t)text + 1, 0, 0};
        int32_t before = NO_PIECE, before_that = NO_PIECE;
        for (int32_t at = 0; at < lengths[text]; at++) {
            const int32_t id = ids[starts[text] + at], own = small[id];
            add(&sums, id);
            if (own != NO_PIECE) {
                const int32_t neighbour = before != NO_PIECE ? before : before_that;
                add(&sums, own);
                if (neighbour != NO_PIECE) add(&sums, pieces + slot_of(neighbour, own, bits));
            }
            before_that = before;
            before = own;
        }
        evidence_sums[text] = sums.of_evidence;
        square_sums[text] = sums.of_squares;
    }
    free(last);
    return 0;
}
