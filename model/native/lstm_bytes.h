/* One variant of the LSTM's step in whole numbers, for one width of vector. A hidden state is kept as a byte, h = q / 127;
   the recurrent weights have seven bits and a sign, and a scale for each gate of each unit; what a token adds stands in half
   precision. Sums of products are whole numbers: the same in any order, on any instruction set. The instructions multiply
   bytes without a sign by bytes with one, so q + 128 is kept, and what that adds too much is taken off the token's share.
   Included by lstm.c once for each instruction set, with

     NAME, TARGET, WIDTH, ROWS, MAX, MIN   as in lstm_variant.h
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

/* 2^t, at most 2^40; within 4e-6 of it. 2^f, with f from 0 to 1, is the polynomial that meets it in five Chebyshev nodes. */
INLINE floats NAME(power_of_two)(floats t) {
    t = MIN(NAME(splat)(40.0f), MAX(NAME(splat)(-126.0f), t));
    const floats f = t - FLOOR(t);
    floats p = f * 1.3670309453357876e-2f + 5.174499776409221e-2f;
    p = p * f + 2.4160435727010832e-1f;
    p = p * f + 6.929729221730454e-1f;
    p = p * f + 1.0000034929076986f;
    return SCALED(p, t);
}

/* By Newton's method. */
INLINE floats NAME(reciprocal)(floats x) {
    const floats near = NEAR_RECIPROCAL(x);
    return near * (2.0f - x * near);
}

/* WIDTH units of one row, from one time to the next, as lstm_variant.h has it; products: of each gate. */
INLINE void NAME(advance)(const integers *products, const float *scales, const uint16_t *inputs, float *cell, uint8_t *next,
                          float *sum, float *maximum) {
    floats e[4];
#pragma GCC unroll 4
    for (int part = 0; part < 4; part++)
        e[part] = NAME(power_of_two)(HALVES(inputs + part * WIDTH) +
                                     AS_FLOATS(products[part]) * *(const floats *)(scales + part * WIDTH));
    floats *c = (floats *)cell, *total = (floats *)sum, *most = (floats *)maximum;
    const floats forget = 1.0f + e[1];
    const floats taken_in = (1.0f + e[0]) * (1.0f + e[2]);
    const floats kept = (*c * taken_in + (1.0f - e[2]) * forget) * NAME(reciprocal)(forget * taken_in);
    const floats shown = NAME(power_of_two)(kept * -2.8853900817779268f);
    const floats out = (1.0f - shown) * NAME(reciprocal)((1.0f + e[3]) * (1.0f + shown));
    *c = kept;
    *total += out;
    *most = MAX(*most, out);
    STORE_BYTES(next, ROUNDED(out * 127.0f) + 128);
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
#pragma GCC unroll 8
    for (int row = 0; row < ROWS; row++) {
        const int64_t at = (lane + row) * units + unit;
        NAME(advance)(sums[row], direction->scales + unit * 4, inputs[row], states->cell + at, states->next_bytes + at,
                      states->sum + at, states->maximum + at);
    }
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
