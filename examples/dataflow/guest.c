// A dataflow plugin: lines come in, numbers go out. Each function is one step that the host names: a map, a filter, a split, a fold.
#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("dataflow"), import_name(#name)))
typedef unsigned long size_t;
typedef unsigned long long u64;
typedef unsigned char byte;

IMPORT(output) void output(const byte *at, size_t size);
IMPORT(error) void error(const char *at, size_t size);

EXPORT(__dataflow_v1) void version(void) {}

// The host gives every block back: one that is the last goes, and the next takes its place.
extern byte __heap_base;
static byte *top = &__heap_base;

EXPORT(alloc) byte *alloc(size_t size) {
    byte *const block = top;
    const size_t end = ((size_t)block + size + 15) & ~15ul;
    while (end > __builtin_wasm_memory_size(0) * 65536) {
        if (__builtin_wasm_memory_grow(0, 1) == (size_t)-1) return 0;
    }
    top = (byte *)end;
    return block;
}

EXPORT(dealloc) void dealloc(byte *block, size_t size) {
    if ((byte *)(((size_t)block + size + 15) & ~15ul) == top) top = block;
}

// The output written over the input: data in, data out.
EXPORT(main) long shout(byte *at, size_t size) {
    for (size_t i = 0; i < size; ++i) {
        if (at[i] >= 'a' && at[i] <= 'z') at[i] -= 32;
    }
    return (long)size;
}

// A part of the input as it lies, or nothing: a filter.
EXPORT(without_comments) u64 without_comments(const byte *at, size_t size) {
    if (size == 0 || at[0] == '#') return 0;
    return (u64)(size_t)at << 32 | size;
}

// Any number of outputs: a split.
EXPORT(words) long words(const byte *at, size_t size) {
    for (size_t i = 0; i < size;) {
        size_t end = i;
        while (end < size && at[end] != ' ') ++end;
        if (end > i) output(at + i, end - i);
        i = end + 1;
    }
    return 0;
}

// Two inputs, the accumulator first: a fold. Both are decimal numbers.
static int number(const byte *at, size_t size, u64 *out) {
    *out = 0;
    for (size_t i = 0; i < size; ++i) {
        if (at[i] < '0' || at[i] > '9') return 0;
        *out = *out * 10 + (at[i] - '0');
    }
    return 1;
}

EXPORT(sum) long sum(const byte *total_at, size_t total_size, const byte *at, size_t size) {
    u64 total, one;
    if (!number(total_at, total_size, &total) || !number(at, size, &one)) {
        error("not a number", 12);
        return -1;
    }
    byte digits[20];
    size_t n = sizeof digits;
    total += one;
    do digits[--n] = (byte)('0' + total % 10);
    while ((total /= 10) != 0);
    output(digits + n, sizeof digits - n);
    return 0;
}
