/* Pairs of neighbouring tokens as slots of a table, as model/token_pairs.py says. */

#ifndef NEWSGATE_TOKEN_PAIRS_H
#define NEWSGATE_TOKEN_PAIRS_H

#include <stdint.h>

/* model.token_pairs.FIRST_FACTOR and SECOND_FACTOR */
static inline int64_t slot_of(int32_t first, int32_t second, int64_t bits) {
    return ((uint32_t)first * 0x9E3779B1u + (uint32_t)second * 0x85EBCA6Bu) >> (32 - bits);
}

#endif
