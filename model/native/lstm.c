/* The network: token ids to logits, both directions of the LSTM, mean and maximum over the tokens, the output layer.

   The equations are those of model/gates.py. What a token adds to the gates is looked up (`by_token`), and a step keeps
   the gates of some rows in registers from the product with the hidden state to the new one. Texts of any length run in
   a fixed number of lanes; one that ends makes room for the next. Every lane does the same arithmetic in the same order,
   so a text's logit is the same to the last bit whatever is scored beside it.

   There are two kinds of variants: in float32, and with the recurrent product in whole numbers of one byte, where
   docs/decisions/0049-whole-numbers.md says what that costs. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

/* A multiple of every variant's ROWS. Fewer would read the weights too often, more would not stay in the cache. */
#define LANES 48
#define ALIGNMENT_BYTES 64
#define CACHE_LINE_FLOATS 16
#define CACHE_LINE_HALVES 32
/* Products that one instruction adds up. */
#define BYTES_A_SUM 4
/* Rows whose gates a variant in whole numbers works on at once, at most. */
#define MOST_ROWS 6
/* What stands for a hidden state of zero. */
#define ZERO_BYTE 128

/* One direction, packed for one variant: [.., units / WIDTH, input|forget|candidate|output, WIDTH] with the vocabulary's
   tokens first in `by_token`; in `recurrent` the units it comes from stand after units / WIDTH. mean_kernel and
   maximum_kernel: [units], the output layer's share. A variant in whole numbers has in their place by_token_halves,
   recurrent_bytes with four units that it comes from beside each other, [units / WIDTH, units / 4, 4, WIDTH, 4], and
   scales, [units / WIDTH, 4, WIDTH], that make gates of its sums. */
struct direction {
    const float *by_token;
    const float *recurrent;
    const float *mean_kernel;
    const float *maximum_kernel;
    const uint16_t *by_token_halves;
    const int8_t *recurrent_bytes;
    const float *scales;
};

/* units: of one direction, a multiple of every variant's WIDTH; what was added has zero weights, and stays zero. */
struct network {
    struct direction directions[2];
    double output_bias;
    int64_t units;
    int32_t variant;
};

/* [LANES, units] each. bytes, next_bytes: the hidden states of a variant in whole numbers. */
struct states {
    float *hidden, *next, *cell, *sum, *maximum;
    uint8_t *bytes, *next_bytes;
};

#define JOINED_(x, suffix) x##_##suffix
#define JOINED(x, suffix) JOINED_(x, suffix)

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The first compilers with AMX also have VNNI for vectors of 256 bits. */
#if defined(__clang__)
#define KNOWS_AMX (__clang_major__ >= 12)
#else
#define KNOWS_AMX (__GNUC__ >= 11)
#endif

#define NAME(x) JOINED(x, avx512)
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))
#define WIDTH 16
#define ROWS 6
#define MAX(a, b) ((floats)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define MIN(a, b) ((floats)_mm512_min_ps((__m512)(a), (__m512)(b)))
#include "lstm_variant.h"

#define NAME(x) JOINED(x, avx2)
#define TARGET __attribute__((target("avx2,fma")))
#define WIDTH 8
#define ROWS 3
#define MAX(a, b) ((floats)_mm256_max_ps((__m256)(a), (__m256)(b)))
#define MIN(a, b) ((floats)_mm256_min_ps((__m256)(a), (__m256)(b)))
#include "lstm_variant.h"

#define NAME(x) JOINED(x, vnni512)
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma,f16c")))
#define WIDTH 16
#define ROWS 6
#define ROWS_AT_ONCE 3
#define MAX(a, b) ((floats)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define MIN(a, b) ((floats)_mm512_min_ps((__m512)(a), (__m512)(b)))
#define DOT(sums, h, w) ((integers)_mm512_dpbusd_epi32((__m512i)(sums), (__m512i)(h), (__m512i)(w)))
#define HALVES(at) ((floats)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(at))))
#define FLOOR(t) ((floats)_mm512_roundscale_ps((__m512)(t), _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC))
#define SCALED(p, t) ((floats)_mm512_scalef_ps((__m512)(p), (__m512)(t)))
#define NEAR_RECIPROCAL(x) ((floats)_mm512_rcp14_ps((__m512)(x)))
#define AS_FLOATS(n) ((floats)_mm512_cvtepi32_ps((__m512i)(n)))
#define ROUNDED(x) ((integers)_mm512_cvtps_epi32((__m512)(x)))
#define STORE_BYTES(at, n) _mm_storeu_si128((__m128i *)(at), _mm512_cvtepi32_epi8((__m512i)(n)))
#include "lstm_bytes.h"

#if KNOWS_AMX
#include "lstm_amx.h"
#endif

#define MAX256(a, b) ((floats)_mm256_max_ps((__m256)(a), (__m256)(b)))
#define MIN256(a, b) ((floats)_mm256_min_ps((__m256)(a), (__m256)(b)))
#define HALVES256(at) ((floats)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(at))))
#define FLOOR256(t) ((floats)_mm256_floor_ps((__m256)(t)))
#define SCALED256(p, t) ((floats)((integers)(p) + ((integers)_mm256_cvtps_epi32(_mm256_floor_ps((__m256)(t))) << 23)))
#define NEAR_RECIPROCAL256(x) ((floats)_mm256_rcp_ps((__m256)(x)))
#define AS_FLOATS256(n) ((floats)_mm256_cvtepi32_ps((__m256i)(n)))
#define ROUNDED256(x) ((integers)_mm256_cvtps_epi32((__m256)(x)))
/* Numbers from 0 to 255, so nothing is cut off. */
#define STORE_BYTES256(at, n)                                                                                         \
    do {                                                                                                              \
        const __m256i numbers = (__m256i)(n);                                                                         \
        const __m128i pairs = _mm_packus_epi32(_mm256_castsi256_si128(numbers), _mm256_extracti128_si256(numbers, 1)); \
        _mm_storel_epi64((__m128i *)(at), _mm_packus_epi16(pairs, pairs));                                            \
    } while (0)

#if KNOWS_AMX
#define NAME(x) JOINED(x, vnni256)
#define TARGET __attribute__((target("avx2,avxvnni,fma,f16c")))
#define WIDTH 8
#define ROWS 2
#define ROWS_AT_ONCE 1
#define MAX MAX256
#define MIN MIN256
#define DOT(sums, h, w) ((integers)_mm256_dpbusd_avx_epi32((__m256i)(sums), (__m256i)(h), (__m256i)(w)))
#define HALVES HALVES256
#define FLOOR FLOOR256
#define SCALED SCALED256
#define NEAR_RECIPROCAL NEAR_RECIPROCAL256
#define AS_FLOATS AS_FLOATS256
#define ROUNDED ROUNDED256
#define STORE_BYTES STORE_BYTES256
#include "lstm_bytes.h"
#endif

/* Pairs of products are added in sixteen bits: seven bits of weight leave room for them. */
#define NAME(x) JOINED(x, bytes256)
#define TARGET __attribute__((target("avx2,fma,f16c")))
#define WIDTH 8
#define ROWS 2
#define ROWS_AT_ONCE 1
#define MAX MAX256
#define MIN MIN256
#define DOT(sums, h, w)                                                                                \
    ((sums) + (integers)_mm256_madd_epi16(_mm256_maddubs_epi16((__m256i)(h), (__m256i)(w)), _mm256_set1_epi16(1)))
#define HALVES HALVES256
#define FLOOR FLOOR256
#define SCALED SCALED256
#define NEAR_RECIPROCAL NEAR_RECIPROCAL256
#define AS_FLOATS AS_FLOATS256
#define ROUNDED ROUNDED256
#define STORE_BYTES STORE_BYTES256
#include "lstm_bytes.h"
#endif

#define NAME(x) JOINED(x, plain)
#define TARGET
#define WIDTH 4
#define ROWS 2
#define CHOSEN(condition, a, b) ((floats)(((integers)(a) & (condition)) | ((integers)(b) & ~(condition))))
#define MAX(a, b) CHOSEN((a) > (b), a, b)
#define MIN(a, b) CHOSEN((a) < (b), a, b)
#include "lstm_variant.h"

typedef void (*step_function)(const struct direction *, int64_t, const int32_t *, const struct states *);

/* By the number that stands in `network.variant`: newsgate/model/native/library.py has their names. */
static step_function step_of(int32_t variant) {
#if defined(__x86_64__)
    switch (variant) {
    case 1: return step_avx2;
    case 2: return step_avx512;
    case 3: return step_bytes256;
    case 5: return step_vnni512;
#if KNOWS_AMX
    case 4: return step_vnni256;
    case AMX_VARIANT: return step_amx;
#endif
    }
#endif
    return variant == 0 ? step_plain : NULL;
}

#if defined(__x86_64__)
/* Whether CPUID says so in leaf 7: the compiler's own list lacks these where it is older than they are. */
static int leaf_7(unsigned subleaf, int word, int bit) {
    unsigned words[4] = {0};
    if (!__get_cpuid_count(7, subleaf, &words[0], &words[1], &words[2], &words[3])) return 0;
    return words[word] >> bit & 1;
}
#endif

/* Bit n is set where this processor can run variant n. */
EXPORT int32_t newsgate_variants(void) {
    int32_t variants = 1;
#if defined(__x86_64__)
    enum { EAX, EBX, ECX, EDX };
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("f16c"))
        return variants;
    variants |= 1 << 1 | 1 << 3;
    if (KNOWS_AMX && leaf_7(1, EAX, 4)) variants |= 1 << 4;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
        return variants;
    variants |= 1 << 2;
    if (!__builtin_cpu_supports("avx512vnni")) return variants;
    variants |= 1 << 5;
#if KNOWS_AMX
    if (leaf_7(0, EDX, 24) && leaf_7(0, EDX, 25) && amx_is_granted()) variants |= 1 << AMX_VARIANT;
#endif
#endif
    return variants;
}

/* What a text's mean and maximum in one direction add to its logit. */
static double share_of_logit(const struct direction *direction, int64_t units, const float *sum, const float *maximum,
                             int32_t length) {
    double mean = 0, most = 0;
    for (int64_t unit = 0; unit < units; unit++) {
        mean += (double)direction->mean_kernel[unit] * sum[unit];
        most += (double)direction->maximum_kernel[unit] * maximum[unit];
    }
    return mean / length + most;
}

static void begin_text(const struct states *states, int64_t lane, int64_t units) {
    const size_t bytes = (size_t)units * sizeof(float);
    memset(states->hidden + lane * units, 0, bytes);
    memset(states->bytes + lane * units, ZERO_BYTE, (size_t)units);
    memset(states->cell + lane * units, 0, bytes);
    memset(states->sum + lane * units, 0, bytes);
    for (int64_t unit = 0; unit < units; unit++) states->maximum[lane * units + unit] = -1.0f; /* no state is below */
}

/* Adds one direction's share to the logits of all texts. */
static void run_direction(const struct network *network, int backwards, const int32_t *ids, const int64_t *starts,
                          const int32_t *lengths, const int64_t *order, int64_t texts, struct states *states,
                          double *logits) {
    const struct direction *direction = &network->directions[backwards];
    const step_function step = step_of(network->variant);
    const int64_t units = network->units;
    int64_t text[LANES], waiting = 0, running = 0;
    int32_t left[LANES] = {0}, tokens[LANES];
    for (int64_t lane = 0; lane < LANES; lane++) text[lane] = -1;
    for (;;) {
        for (int64_t lane = 0; lane < LANES; lane++) {
            if (left[lane]) continue;
            if (text[lane] >= 0) {
                const int64_t at = lane * units;
                logits[text[lane]] +=
                    share_of_logit(direction, units, states->sum + at, states->maximum + at, lengths[text[lane]]);
                text[lane] = -1;
                running--;
            }
            if (waiting < texts) {
                text[lane] = order[waiting++];
                left[lane] = lengths[text[lane]];
                running++;
                begin_text(states, lane, units);
            }
        }
        if (!running) return;
        for (int64_t lane = 0; lane < LANES; lane++) {
            tokens[lane] = 0; /* of a lane without a text: any token will do */
            if (text[lane] < 0) continue;
            const int32_t place = backwards ? left[lane] - 1 : lengths[text[lane]] - left[lane];
            tokens[lane] = ids[starts[text[lane]] + place];
            left[lane]--;
        }
        step(direction, units, tokens, states);
        float *before = states->hidden;
        states->hidden = states->next;
        states->next = before;
        uint8_t *bytes_before = states->bytes;
        states->bytes = states->next_bytes;
        states->next_bytes = bytes_before;
    }
}

/* Writes the logits of `texts` texts, double [texts]. Text t has lengths[t] ids, at least one, from ids[starts[t]] on;
   `order` holds 0 to texts - 1, best the longest text first. Returns 0, or -1 where there is no memory. */
EXPORT int32_t newsgate_lstm_logits(const struct network *network, const int32_t *ids, const int64_t *starts,
                               const int32_t *lengths, const int64_t *order, int64_t texts, double *logits) {
    const size_t each = (size_t)(LANES * network->units), bytes = each * (5 * sizeof(float) + 2);
    float *memory = aligned_alloc(ALIGNMENT_BYTES, bytes);
    if (!memory) return -1;
    memset(memory, 0, bytes);
    uint8_t *hidden_bytes = (uint8_t *)(memory + 5 * each);
    struct states states = {memory, memory + each, memory + 2 * each, memory + 3 * each, memory + 4 * each,
                            hidden_bytes, hidden_bytes + each};
#if defined(__x86_64__) && KNOWS_AMX
    if (network->variant == AMX_VARIANT) begin_amx();
#endif
    for (int64_t text = 0; text < texts; text++) logits[text] = network->output_bias;
    for (int backwards = 0; backwards < 2; backwards++)
        run_direction(network, backwards, ids, starts, lengths, order, texts, &states, logits);
#if defined(__x86_64__) && KNOWS_AMX
    if (network->variant == AMX_VARIANT) end_amx();
#endif
    free(memory);
    return 0;
}
