/* The sums of the weights of evidence of each text's tokens and pairs, as model/familiarity.py says. */

#include <stdint.h>

#include "token_pairs.h"

#define EXPORT __attribute__((visibility("default")))

/* Writes the sum of each of `texts` texts. Text t has lengths[t] ids, at least one, each an index of tokens and unseen,
   from ids[starts[t]] on. pairs: [2^bits]. */
EXPORT void newsgate_familiarity_sums(const int16_t *tokens, const int16_t *unseen, const uint8_t *pairs, int64_t bits,
                                      const int32_t *ids, const int64_t *starts, const int32_t *lengths, int64_t texts,
                                      int64_t *sums) {
    for (int64_t text = 0; text < texts; text++) {
        const int32_t *own = ids + starts[text];
        int64_t sum = tokens[own[0]];
        for (int32_t at = 1; at < lengths[text]; at++)
            sum += tokens[own[at]] + unseen[own[at - 1]] + pairs[slot_of(own[at - 1], own[at], bits)];
        sums[text] = sum;
    }
}
