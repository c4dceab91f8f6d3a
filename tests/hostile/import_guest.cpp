#include "import_guest.hpp"

#include <algorithm>
#include <cstring>

namespace mortise::hostile {

namespace {

constexpr std::uint32_t kText = 64;        // of good reads
constexpr std::uint32_t kCount = 8;
constexpr std::uint32_t kOut = 1024;       // of good writes
constexpr std::uint32_t kStructure = 32;   // of good structures: a header of six bytes and a body of three

std::vector<std::uint32_t> good_arguments(std::string_view shape) {
    std::vector<std::uint32_t> arguments;
    std::uint32_t out = kOut;
    for (const char c : shape) {
        switch (c) {
            case 'p': arguments.push_back(kText); break;
            case 'n': arguments.push_back(kCount); break;
            case 'o': arguments.push_back(out); out += 64; break;
            case 'h': arguments.push_back(kStructure); break;
            default: arguments.push_back(0); break;
        }
    }
    return arguments;
}

struct Lie {
    std::string name;
    std::uint32_t value;
};

std::vector<Lie> lies_about(char meaning, std::uint32_t size) {
    switch (meaning) {
        case 'p':
        case 'o':
        case 'h':
            return {{"at_the_end", size},         {"at_the_last_byte", size - 1}, {"astride_the_end", size - 3},
                    {"all_ones", 0xffffffff},     {"half_way", 0x80000000},       {"below_half_way", 0x7fffffff},
                    {"wraps_to_1", 0xfffffff9},   {"wraps_to_0", 0xfffffff8},     {"beyond_by_a_page", size + 65536}};
        case 'n':
            return {{"of_all_ones", 0xffffffff}, {"of_all_memory", size},        {"of_one_more", size - kText + 1},
                    {"wraps_to_0", 0u - kText},  {"wraps_to_1", 1u - kText},     {"half_way", 0x80000000}};
        default: return {};
    }
}

}  // namespace

std::string ImportCall::message() const {
    std::string bytes(4 * (arguments.size() + 1), '\0');
    const auto number = static_cast<std::uint32_t>(import);
    std::memcpy(bytes.data(), &number, 4);
    if (!arguments.empty()) std::memcpy(bytes.data() + 4, arguments.data(), 4 * arguments.size());
    return bytes;
}

std::vector<ImportCall> calls_of(const std::vector<Import>& imports, std::uint32_t memory_bytes) {
    std::vector<ImportCall> calls;
    for (std::size_t i = 0; i < imports.size(); ++i) {
        const Import& import = imports[i];
        const auto good = good_arguments(import.shape);
        calls.push_back({import.name + "_good", i, good, true});
        // Results over each other and over what is read: for the guest to regret, not for us.
        auto overlapping = good;
        for (std::size_t p = 0; p < import.shape.size(); ++p) {
            if (import.shape[p] == 'p' || import.shape[p] == 'o') overlapping[p] = kText;
        }
        calls.push_back({import.name + "_overlapping", i, overlapping, true});
        for (std::size_t p = 0; p < import.shape.size(); ++p) {
            for (const Lie& lie : lies_about(import.shape[p], memory_bytes)) {
                ImportCall call{import.name + "_" + std::to_string(p) + "_" + lie.name, i, good};
                call.arguments[p] = lie.value;
                calls.push_back(std::move(call));
            }
        }
    }
    return calls;
}

std::string import_section(const std::vector<Import>& imports) {
    std::string wat;
    for (std::size_t i = 0; i < imports.size(); ++i) {
        std::string params;
        for (std::size_t p = 0; p < imports[i].shape.size(); ++p) params += " i32";
        params += " " + imports[i].more_params;
        wat += "(import \"" + imports[i].module + "\" \"" + imports[i].name + "\" (func $import" + std::to_string(i) + " (param" + params + ")" +
               (imports[i].gives ? " (result i32)" : "") + "))\n";
    }
    return wat;
}

std::string dispatcher(const std::vector<Import>& imports) {
    std::string wat = "(global $last (mut i32) (i32.const 0))\n(func $dispatch (param $at i32)\n";
    for (std::size_t i = 0; i < imports.size(); ++i) {
        const Import& import = imports[i];
        std::string call = "(call $import" + std::to_string(i);
        for (std::size_t p = 0; p < import.shape.size(); ++p) {
            call += " (i32.load offset=" + std::to_string(4 * (p + 1)) + " (local.get $at))";
        }
        const auto more = static_cast<std::size_t>(std::count(import.more_params.begin(), import.more_params.end(), 'f'));
        for (std::size_t p = 0; p < more; ++p) call += " (f64.const 0)";
        call += ")";
        if (import.gives) call = "(global.set $last " + call + ")";
        wat += "  (if (i32.eq (i32.load (local.get $at)) (i32.const " + std::to_string(i) + ")) (then " + import.before + " " + call + "))\n";
    }
    return wat + ")\n";
}

}  // namespace mortise::hostile
