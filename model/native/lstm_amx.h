/* The step in whole numbers once more, its products made by AMX: sixteen rows by sixteen units of one gate are one
   instruction. What follows the products is that of AVX-512. Included by lstm.c after it. */

#define AMX __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma,f16c,amx-tile,amx-int8")))
#define AMX_VARIANT 6
#define TILE_ROWS 16
#define TILE_BYTES 64
/* A tile has 64 units of the state before: model/native/int8_runtime.py gives this variant no other networks. */
/* Rows whose tokens are asked for ahead of time. */
#define AHEAD 6
/* Rows whose gates are worked on at once: a divisor of LANES. */
#define AT_ONCE 6

/* As LDTILECFG reads it (Intel, Software Developer's Manual, volume 1, section 18.2). */
struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes_a_row[16];
    uint8_t rows[16];
};

static const struct tile_config TILES = {.palette = 1, .bytes_a_row = {64, 64, 64, 64, 64, 64, 64},
                                         .rows = {16, 16, 16, 16, 16, 16, 16}};

/* Linux gives a process this state only when asked: arch/x86/include/uapi/asm/prctl.h. */
static int amx_is_granted(void) {
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

AMX static void begin_amx(void) { _tile_loadconfig(&TILES); }

/* So that the kernel need not keep the tiles of this thread any longer. */
AMX static void end_amx(void) { _tile_release(); }

AMX static void step_amx(const struct direction *direction, int64_t units, const int32_t *tokens,
                         const struct states *states) {
    int32_t products[4][LANES][16] __attribute__((aligned(ALIGNMENT_BYTES)));
    _tile_loadd(0, states->bytes, units);
    _tile_loadd(1, states->bytes + TILE_ROWS * units, units);
    _tile_loadd(2, states->bytes + 2 * TILE_ROWS * units, units);
    for (int64_t unit = 0; unit < units; unit += 16) {
        const int8_t *recurrent = direction->recurrent_bytes + unit * 4 * units;
        for (int part = 0; part < 4; part++) {
            _tile_loadd(3, recurrent + part * TILE_BYTES, 4 * TILE_BYTES);
            _tile_zero(4);
            _tile_zero(5);
            _tile_zero(6);
            _tile_dpbusd(4, 0, 3);
            _tile_dpbusd(5, 1, 3);
            _tile_dpbusd(6, 2, 3);
            _tile_stored(4, products[part][0], TILE_BYTES);
            _tile_stored(5, products[part][TILE_ROWS], TILE_BYTES);
            _tile_stored(6, products[part][2 * TILE_ROWS], TILE_BYTES);
        }
        for (int64_t first = 0; first < LANES; first += AT_ONCE) {
            integers_vnni512 sums[AT_ONCE][4];
            struct one_row_vnni512 rows[AT_ONCE];
#pragma GCC unroll 8
            for (int row = 0; row < AT_ONCE; row++) {
                const int64_t lane = first + row, at = lane * units + unit;
                if (lane + AHEAD < LANES) fetch_vnni512(inputs_of_vnni512(direction, units, unit, tokens[lane + AHEAD]));
#pragma GCC unroll 4
                for (int part = 0; part < 4; part++) sums[row][part] = *(const integers_vnni512 *)products[part][lane];
                rows[row] = row_vnni512(sums[row], inputs_of_vnni512(direction, units, unit, tokens[lane]), states, at);
            }
            advance_vnni512(rows, AT_ONCE, direction->scales + unit * 4);
        }
    }
}
