/* The sums of the wide part, as model/wide.py says: over the different tokens and slots of pairs that a text holds. */

#include <stdint.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

/* model.token_pairs.FIRST_FACTOR and SECOND_FACTOR */
static int64_t slot_of(int32_t first, int32_t second, int64_t bits) {
    return (((uint32_t)first * 0x9E3779B1u + (uint32_t)second * 0x85EBCA6Bu) >> (32 - bits));
}

/* Writes both sums of `texts` texts. Text t has lengths[t] ids, at least one, each from 0 to pieces - 1, from
   ids[starts[t]] on. evidence, squares: [pieces + 2^bits]. Returns 0, or -1 where there is no memory. */
EXPORT int32_t newsgate_wide_sums(const int32_t *evidence, const int32_t *squares, int64_t pieces, int64_t bits,
                                  const int32_t *ids, const int64_t *starts, const int32_t *lengths, int64_t texts,
                                  int64_t *evidence_sums, int64_t *square_sums) {
    /* The number of the last text that had each, counted from 1. */
    int32_t *last = calloc((size_t)(pieces + ((int64_t)1 << bits)), sizeof(int32_t));
    if (!last) return -1;
    for (int64_t text = 0; text < texts; text++) {
        const int32_t *own = ids + starts[text], number = (int32_t)text + 1;
        int64_t of_evidence = 0, of_squares = 0;
        for (int32_t at = 0; at < lengths[text]; at++) {
            const int64_t features[2] = {own[at], at ? pieces + slot_of(own[at - 1], own[at], bits) : own[at]};
            for (int side = 0; side < 2; side++) {
                if (last[features[side]] == number) continue;
                last[features[side]] = number;
                of_evidence += evidence[features[side]];
                of_squares += squares[features[side]];
            }
        }
        evidence_sums[text] = of_evidence;
        square_sums[text] = of_squares;
    }
    free(last);
    return 0;
}
