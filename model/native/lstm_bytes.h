/* One variant of the LSTM's step in whole numbers, for one width of vector. A hidden state is kept as a byte, h = q / 127;
   the recurrent weights have seven bits and a sign, and a scale for each gate of each unit; what a token adds stands in half
   precision. Sums of products are whole numbers: the same in any order, on any instruction set. The instructions multiply
   bytes without a sign by bytes with one, so q + 128 is kept, and what that adds too much is taken off the token's share.
   Included by lstm.c once for each instruction set, with

     NAME, TARGET, WIDTH, ROWS, MAX, MIN   as in lstm_variant.h
     ROWS_AT_ONCE          those of ROWS whose gates are worked on at once, at most MOST_ROWS
     DOT(sums, h, w)       whole numbers plus, in each of them, the products of its four bytes
     HALVES(at)            WIDTH numbers of half precision
     FLOOR(t), SCALED(p, t), NEAR_RECIPROCAL(x)   p times 2 to the power of floor(t); 1 / x to some twelve bits
     AS_FLOATS(n), ROUNDED(x), STORE_BYTES(at, n)   whole numbers of four bytes from and to others
*/

typedef float NAME(floats) __attribute__((vector_size(WIDTH * 4), aligned(4), may_alias));
typedef int32_t NAME(integers) __attribute__((vector_size(WIDTH * 4), aligned(4), may_alias));
#define floats NAME(floats)
#define integers NAME(integers)
#define INLINE static inline __attribute__((always_inline)) TARGET

INLINE floats NAME(splat)(float value) { return (floats){0} + value; }

/* By Newton's method. */
INLINE floats NAME(reciprocal)(floats x) {
    const floats near = NEAR_RECIPROCAL(x);
    return near * (2.0f - x * near);
}

/* WIDTH units of one row. products: of each gate. */
struct NAME(one_row) {
    const integers *products;
    const uint16_t *inputs;
    float *cell, *sum, *maximum;
    uint8_t *next;
};

INLINE struct NAME(one_row) NAME(row)(const integers *products, const uint16_t *inputs, const struct states *states,
                                      int64_t at) {
    return (struct NAME(one_row)){products,           inputs, states->cell + at, states->sum + at, states->maximum + at,
                                  states->next_bytes + at};
}

/* Each operation is made for all of these before the next one, which has to wait for it: a processor looks only some
   hundred instructions ahead for others to make meanwhile, and the gates of one row are nearly as many. */
#define EACH _Pragma("GCC unroll 32") for (int n = 0; n < count; n++)
#define EACH_ROW _Pragma("GCC unroll 8") for (int row = 0; row < rows; row++)

/* 2^t of each, at most 2^40; within 4e-6 of it. 2^f, with f from 0 to 1, is the polynomial that meets it in five Chebyshev
   nodes. */
INLINE void NAME(powers_of_two)(floats *powers, int count) {
    floats t[4 * MOST_ROWS], p[4 * MOST_ROWS];
    EACH t[n] = MAX(NAME(splat)(-126.0f), powers[n]);
    EACH t[n] = MIN(NAME(splat)(40.0f), t[n]);
    EACH powers[n] = t[n] - FLOOR(t[n]);
    EACH p[n] = powers[n] * 1.3670309453357876e-2f + 5.174499776409221e-2f;
    EACH p[n] = p[n] * powers[n] + 2.4160435727010832e-1f;
    EACH p[n] = p[n] * powers[n] + 6.929729221730454e-1f;
    EACH p[n] = p[n] * powers[n] + 1.0000034929076986f;
    EACH powers[n] = SCALED(p[n], t[n]);
}

/* Some rows, from one time to the next, as lstm_variant.h has it. */
INLINE void NAME(advance)(const struct NAME(one_row) *of, int rows, const float *scales) {
    floats kept[MOST_ROWS], below[MOST_ROWS], open[MOST_ROWS], shown[MOST_ROWS];
    EACH_ROW {
        floats e[4];
#pragma GCC unroll 4
        for (int part = 0; part < 4; part++)
            e[part] = HALVES(of[row].inputs + part * WIDTH) +
                      AS_FLOATS(of[row].products[part]) * *(const floats *)(scales + part * WIDTH);
        /* Sixteen registers hold the work on one gate, and not on four. */
        if (ROWS_AT_ONCE == 1) {
#pragma GCC unroll 4
            for (int part = 0; part < 4; part++) NAME(powers_of_two)(e + part, 1);
        } else {
            NAME(powers_of_two)(e, 4);
        }
        const floats forget = 1.0f + e[1];
        const floats taken_in = (1.0f + e[0]) * (1.0f + e[2]);
        kept[row] = *(floats *)of[row].cell * taken_in + (1.0f - e[2]) * forget;
        below[row] = forget * taken_in;
        open[row] = 1.0f + e[3];
    }
    EACH_ROW kept[row] = kept[row] * NAME(reciprocal)(below[row]);
    EACH_ROW *(floats *)of[row].cell = kept[row];
    EACH_ROW shown[row] = kept[row] * -2.8853900817779268f;
    NAME(powers_of_two)(shown, rows);
    EACH_ROW below[row] = open[row] * (1.0f + shown[row]);
    EACH_ROW kept[row] = (1.0f - shown[row]) * NAME(reciprocal)(below[row]);
    EACH_ROW {
        floats *total = (floats *)of[row].sum, *most = (floats *)of[row].maximum;
        *total += kept[row];
        *most = MAX(*most, kept[row]);
        STORE_BYTES(of[row].next, ROUNDED(kept[row] * 127.0f) + 128);
    }
}

/* WIDTH units of ROWS rows. */
INLINE void NAME(tile)(const uint16_t *const *inputs, const struct direction *direction, int64_t unit, int64_t units,
                       const struct states *states, int64_t lane) {
    const int8_t *recurrent = direction->recurrent_bytes + unit * 4 * units;
    const uint8_t *hidden = states->bytes + lane * units;
    integers sums[ROWS][4];
    for (int row = 0; row < ROWS; row++)
        for (int part = 0; part < 4; part++) sums[row][part] = (integers){0};
    for (int64_t from = 0; from < units; from += BYTES_A_SUM) {
        const integers *weights = (const integers *)(recurrent + from * 4 * WIDTH);
        const integers input = weights[0], forget = weights[1], candidate = weights[2], output = weights[3];
#pragma GCC unroll 8
        for (int row = 0; row < ROWS; row++) {
            int32_t four;
            memcpy(&four, hidden + row * units + from, sizeof four);
            const integers h = (integers){0} + four;
            sums[row][0] = DOT(sums[row][0], h, input);
            sums[row][1] = DOT(sums[row][1], h, forget);
            sums[row][2] = DOT(sums[row][2], h, candidate);
            sums[row][3] = DOT(sums[row][3], h, output);
        }
    }
    struct NAME(one_row) rows[ROWS];
    for (int row = 0; row < ROWS; row++)
        rows[row] = NAME(row)(sums[row], inputs[row], states, (lane + row) * units + unit);
#pragma GCC unroll 8
    for (int row = 0; row < ROWS; row += ROWS_AT_ONCE)
        NAME(advance)(rows + row, ROWS_AT_ONCE, direction->scales + unit * 4);
}

/* Where a lane's token has what it adds to the gates of these units. */
INLINE const uint16_t *NAME(inputs_of)(const struct direction *direction, int64_t units, int64_t unit, int32_t token) {
    return direction->by_token_halves + ((int64_t)token * units + unit) * 4;
}

INLINE void NAME(fetch)(const uint16_t *inputs) {
    for (int at = 0; at < 4 * WIDTH; at += CACHE_LINE_HALVES) __builtin_prefetch(inputs + at);
}

/* All units of all lanes, from one time to the next. */
TARGET static void NAME(step)(const struct direction *direction, int64_t units, const int32_t *tokens,
                              const struct states *states) {
    for (int64_t unit = 0; unit < units; unit += WIDTH) {
        for (int64_t lane = 0; lane < LANES; lane += ROWS) {
            const uint16_t *inputs[ROWS];
            for (int row = 0; row < ROWS; row++) {
                inputs[row] = NAME(inputs_of)(direction, units, unit, tokens[lane + row]);
                if (lane + ROWS < LANES) NAME(fetch)(NAME(inputs_of)(direction, units, unit, tokens[lane + ROWS + row]));
            }
            NAME(tile)(inputs, direction, unit, units, states, lane);
        }
    }
}

#undef floats
#undef integers
#undef INLINE
#undef NAME
#undef TARGET
#undef WIDTH
#undef ROWS
#undef ROWS_AT_ONCE
#undef EACH
#undef EACH_ROW
#undef MAX
#undef MIN
#undef DOT
#undef HALVES
#undef FLOOR
#undef SCALED
#undef NEAR_RECIPROCAL
#undef AS_FLOATS
#undef ROUNDED
#undef STORE_BYTES
