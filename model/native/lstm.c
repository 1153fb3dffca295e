/* The network: token ids to logits, both directions of the LSTM, mean and maximum over the tokens, the output layer.

   The equations are those of model/gates.py. What a token adds to the gates is looked up (`by_token`), and a step keeps
   the gates of some rows in registers from the product with the hidden state to the new one. Texts of any length run in
   a fixed number of lanes; one that ends makes room for the next. Every lane does the same arithmetic in the same order,
   so a text's logit is the same to the last bit whatever is scored beside it. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

/* A multiple of every variant's ROWS. Fewer would read the weights too often, more would not stay in the cache. */
#define LANES 48
#define ALIGNMENT_BYTES 64
#define CACHE_LINE_FLOATS 16

/* One direction, packed for one variant: [.., units / WIDTH, input|forget|candidate|output, WIDTH] with the vocabulary's
   tokens first in `by_token`; in `recurrent` the units it comes from stand after units / WIDTH. mean_kernel and
   maximum_kernel: [units], the output layer's share. */
struct direction {
    const float *by_token;
    const float *recurrent;
    const float *mean_kernel;
    const float *maximum_kernel;
};

/* units: of one direction, a multiple of every variant's WIDTH; what was added has zero weights, and stays zero. */
struct network {
    struct direction directions[2];
    double output_bias;
    int64_t units;
    int32_t variant;
};

/* float [LANES, units] each. */
struct states {
    float *hidden, *next, *cell, *sum, *maximum;
};

#define JOINED_(x, suffix) x##_##suffix
#define JOINED(x, suffix) JOINED_(x, suffix)

#if defined(__x86_64__)
#include <immintrin.h>

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

/* By the number that stands in `network.variant`; the first that `newsgate_variants` has is the fastest. */
static step_function step_of(int32_t variant) {
#if defined(__x86_64__)
    if (variant == 2) return step_avx512;
    if (variant == 1) return step_avx2;
#endif
    return variant == 0 ? step_plain : NULL;
}

/* Bit n is set where this processor can run variant n: 0 any, 1 AVX2, 2 AVX-512. */
EXPORT int32_t newsgate_variants(void) {
    int32_t variants = 1;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        variants |= 2;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
            variants |= 4;
    }
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
    }
}

/* Writes the logits of `texts` texts, double [texts]. Text t has lengths[t] ids, at least one, from ids[starts[t]] on;
   `order` holds 0 to texts - 1, best the longest text first. Returns 0, or -1 where there is no memory. */
EXPORT int32_t newsgate_logits(const struct network *network, const int32_t *ids, const int64_t *starts,
                               const int32_t *lengths, const int64_t *order, int64_t texts, double *logits) {
    const size_t floats_each = (size_t)(LANES * network->units);
    float *memory = aligned_alloc(ALIGNMENT_BYTES, 5 * floats_each * sizeof(float));
    if (!memory) return -1;
    memset(memory, 0, 5 * floats_each * sizeof(float));
    struct states states = {memory, memory + floats_each, memory + 2 * floats_each, memory + 3 * floats_each,
                            memory + 4 * floats_each};
    for (int64_t text = 0; text < texts; text++) logits[text] = network->output_bias;
    for (int backwards = 0; backwards < 2; backwards++)
        run_direction(network, backwards, ids, starts, lengths, order, texts, &states, logits);
    free(memory);
    return 0;
}
