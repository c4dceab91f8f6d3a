// A wasp plugin without a C library: text in, a call to the host, text out, an error raised.
#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("env"), import_name(#name)))
typedef unsigned long size_t;

IMPORT(raise_error) void raise_error(const char *text);
IMPORT(title_of) char *title_of(const char *name);

extern unsigned char __heap_base;
static size_t next;

EXPORT(allocate) void *allocate(size_t size) {
    if (next == 0) next = (size_t)&__heap_base;
    const size_t at = (next + 7) & ~(size_t)7;
    const size_t have = __builtin_wasm_memory_size(0) * 65536;
    if (at + size > have && __builtin_wasm_memory_grow(0, (at + size - have + 65535) / 65536) == (size_t)-1) return 0;
    next = at + size;
    return (void *)at;
}
EXPORT(deallocate) void deallocate(void *block, size_t size) { (void)block; (void)size; }

EXPORT(get_string_size) size_t get_string_size(const char *text) {
    size_t n = 0;
    while (text[n]) ++n;
    return n;
}

static char *append(char *to, const char *text) {
    while (*text) *to++ = *text++;
    return to;
}

EXPORT(greet) char *greet(const char *name) {
    if (*name == 0) {
        char *why = allocate(32);
        *append(why, "there is nobody to greet") = 0;
        raise_error(why);
        return why;
    }
    const char *title = title_of(name);
    char *out = allocate(get_string_size(name) + get_string_size(title) + 10);
    *append(append(append(append(out, "Hello, "), title), " "), name) = 0;
    return out;
}

EXPORT(mean) double mean(double a, double b) { return (a + b) / 2; }
