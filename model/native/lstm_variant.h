/* One variant of the LSTM's step, for one width of vector. Included by lstm.c once for each instruction set, with

     NAME(x)   x with the variant's suffix
     TARGET    the attribute that lets the compiler use the instruction set
     WIDTH     floats in a vector
     ROWS      rows worked on at once: as many as leave their four gates in registers
     MAX, MIN  of two vectors, the second one where either is not a number, so that such a thing is never hidden
*/

typedef float NAME(floats) __attribute__((vector_size(WIDTH * 4), aligned(4), may_alias));
typedef int32_t NAME(integers) __attribute__((vector_size(WIDTH * 4), aligned(4), may_alias));
#define floats NAME(floats)
#define integers NAME(integers)
#define INLINE static inline __attribute__((always_inline)) TARGET

INLINE floats NAME(splat)(float value) { return (floats){0} + value; }

/* 2^t, at most 2^40: three of them multiplied are still a number. t = n + f, with f between -1/2 and 1/2; n goes into the
   exponent's bits. 2^f is the polynomial that meets it in seven Chebyshev nodes: within 2e-8 of it. */
INLINE floats NAME(power_of_two)(floats t) {
    t = MIN(NAME(splat)(40.0f), MAX(NAME(splat)(-126.0f), t));
    /* Added, 1.5 * 2^23 leaves no bit for a fraction: the sum's last bits are n. */
    const floats shifted = t + 12582912.0f;
    const floats f = t - (shifted - 12582912.0f);
    floats p = f * 1.5461444854736328e-4f + 1.3400427997112274e-3f;
    p = p * f + 9.618056938052177e-3f;
    p = p * f + 5.550327152013779e-2f;
    p = p * f + 2.4022650718688965e-1f;
    p = p * f + 6.931471824645996e-1f;
    p = p * f + 1.0f;
    return (floats)((integers)p + ((integers)shifted << 23));
}

/* WIDTH units of ROWS rows, from one time to the next. The weights come multiplied by -1/ln 2, the candidate's by twice
   that: with e = 2^z, a gate is 1 / (1 + e) and the candidate (1 - e) / (1 + e). Sums and products of fractions have one
   denominator: a division takes as long as a dozen multiplications. */
INLINE void NAME(tile)(const float *const *inputs, const float *recurrent, int64_t units, const float *hidden,
                       float *cell, float *next, float *sum, float *maximum) {
    floats z[ROWS][4];
    for (int row = 0; row < ROWS; row++)
        for (int part = 0; part < 4; part++) z[row][part] = *(const floats *)(inputs[row] + part * WIDTH);
    for (int64_t from = 0; from < units; from++) {
        const floats *weights = (const floats *)(recurrent + from * 4 * WIDTH);
        const floats input = weights[0], forget = weights[1], candidate = weights[2], output = weights[3];
#pragma GCC unroll 8
        for (int row = 0; row < ROWS; row++) {
            const floats h = NAME(splat)(hidden[row * units + from]);
            z[row][0] += input * h;
            z[row][1] += forget * h;
            z[row][2] += candidate * h;
            z[row][3] += output * h;
        }
    }
#pragma GCC unroll 8
    for (int row = 0; row < ROWS; row++) {
        floats *c = (floats *)(cell + row * units), *h = (floats *)(next + row * units);
        floats *total = (floats *)(sum + row * units), *most = (floats *)(maximum + row * units);
        const floats forget = 1.0f + NAME(power_of_two)(z[row][1]);
        const floats candidate = NAME(power_of_two)(z[row][2]);
        const floats taken_in = (1.0f + NAME(power_of_two)(z[row][0])) * (1.0f + candidate);
        const floats kept = (*c * taken_in + (1.0f - candidate) * forget) / (forget * taken_in);
        const floats shown = NAME(power_of_two)(kept * -2.8853900817779268f);
        const floats out = (1.0f - shown) / ((1.0f + NAME(power_of_two)(z[row][3])) * (1.0f + shown));
        *c = kept;
        *h = out;
        *total += out;
        *most = MAX(*most, out);
    }
}

/* Where a lane's token has what it adds to the gates of these units. */
INLINE const float *NAME(inputs_of)(const struct direction *direction, int64_t units, int64_t unit, int32_t token) {
    return direction->by_token + ((int64_t)token * units + unit) * 4;
}

/* Tables are larger than the cache: what the next rows need is asked for while these are worked on. */
INLINE void NAME(fetch)(const float *inputs) {
    for (int at = 0; at < 4 * WIDTH; at += CACHE_LINE_FLOATS) __builtin_prefetch(inputs + at);
}

/* All units of all lanes, from one time to the next. */
TARGET static void NAME(step)(const struct direction *direction, int64_t units, const int32_t *tokens,
                              const struct states *states) {
    for (int64_t unit = 0; unit < units; unit += WIDTH) {
        const float *recurrent = direction->recurrent + unit * 4 * units;
        for (int64_t lane = 0; lane < LANES; lane += ROWS) {
            const float *inputs[ROWS];
            for (int row = 0; row < ROWS; row++) {
                inputs[row] = NAME(inputs_of)(direction, units, unit, tokens[lane + row]);
                if (lane + ROWS < LANES) NAME(fetch)(NAME(inputs_of)(direction, units, unit, tokens[lane + ROWS + row]));
            }
            const int64_t at = lane * units;
            NAME(tile)(inputs, recurrent, units, states->hidden + at, states->cell + at + unit,
                       states->next + at + unit, states->sum + at + unit, states->maximum + at + unit);
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
