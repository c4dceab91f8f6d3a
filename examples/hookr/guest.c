// A hookr plugin without its SDK (which is written for TinyGo): two operations, one of which calls the host.
#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("hookr"), import_name(#name)))
typedef unsigned long size_t;
typedef unsigned char byte;

IMPORT(__plugin_request) void plugin_request(byte *operation, byte *payload);
IMPORT(__plugin_response) void plugin_response(const byte *at, size_t size);
IMPORT(__plugin_error) void plugin_error(const byte *at, size_t size);
IMPORT(__host_call) int host_call(const byte *operation, size_t operation_size, const byte *payload, size_t payload_size);
IMPORT(__host_response_len) size_t host_response_len(void);
IMPORT(__host_response) void host_response(byte *to);
IMPORT(__host_error_len) size_t host_error_len(void);
IMPORT(__host_error) void host_error(byte *to);
IMPORT(__log) void log_line(const byte *at, size_t size);

#define ROOM 4096
static byte operation[ROOM], payload[ROOM], answer[ROOM];

static int is(const byte *text, size_t size, const char *name) {
    size_t n = 0;
    while (name[n] && n < size && text[n] == (byte)name[n]) ++n;
    return n == size && name[n] == 0;
}

static int give_error(const char *text) {
    size_t n = 0;
    while (text[n]) ++n;
    plugin_error((const byte *)text, n);
    return 0;
}

EXPORT(__plugin_call) int plugin_call(size_t operation_size, size_t payload_size) {
    if (operation_size > ROOM || payload_size > ROOM) return give_error("too large for this plugin");
    plugin_request(operation, payload);
    if (is(operation, operation_size, "reverse")) {
        for (size_t i = 0; i < payload_size; ++i) answer[i] = payload[payload_size - 1 - i];
        plugin_response(answer, payload_size);
        return 1;
    }
    if (is(operation, operation_size, "ask")) {
        log_line((const byte *)"asking the host", 15);
        if (!host_call((const byte *)"weather", 7, payload, payload_size)) {
            const size_t size = host_error_len();
            if (size > ROOM) return give_error("too large for this plugin");
            host_error(answer);
            plugin_error(answer, size);
            return 0;
        }
        const size_t size = host_response_len();
        if (size > ROOM) return give_error("too large for this plugin");
        host_response(answer);
        plugin_response(answer, size);
        return 1;
    }
    return give_error("no such operation");
}
