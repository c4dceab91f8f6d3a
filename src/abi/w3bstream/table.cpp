#include "abi/w3bstream/table.hpp"

#include "abi/w3bstream/serve.hpp"

namespace mortise::abi::w3bstream {

namespace {

// Codes in the order: unreadable argument, not found or not configured, back-end error, result copy failure. Where the page has
// an empty cell, the number is what a function that replaces the import answers when it fails.
constexpr Codes kLog{-1, -1, -1, -1};
constexpr Codes kGetData{5, 2, 2, 5};
constexpr Codes kSetData{5, 2, -1, 5};
constexpr Codes kGetDb{2, 2, 2, 5};
constexpr Codes kSetDb{2, -1, -1, 5};
constexpr Codes kSql{2, 9, -1, 5};
constexpr Codes kFailed{-1, -1, -1, -1};
constexpr Codes kEnv{5, 8, 8, 5};
constexpr Codes kApi{6, 7, 7, 5};

// Those of release candidate 54: 1 invalid memory access, 2 variable, 3 resource, 4 event type, 5 key not found, 6 failed.
constexpr Codes rc54(std::int8_t missing) { return {1, missing, 6, 1}; }

using enum Returns;

constexpr Row kRows[] = {
    // Today's, and those of them that were the same before.
    {"env", "ws_log", "nb", code, &serve_log, nullptr, kLog, rc54(6)},
    {"env", "ws_get_data", "no", code, &serve_get_data, nullptr, kGetData, rc54(3)},
    {"env", "ws_set_data", "nb", code, &serve_set_data, nullptr, kSetData, rc54(3)},
    {"env", "ws_get_db", "bo", code, &serve_get_db, nullptr, kGetDb, rc54(5)},
    {"env", "ws_set_db", "bb", code, &serve_set_db, nullptr, kSetDb, rc54(6)},
    {"env", "ws_send_tx", "nbo", code, &serve_send, &Services::has_chain, kFailed, rc54(6)},
    {"env", "ws_send_tx_with_operator", "nbo", code, &serve_send_with_operator, &Services::has_chain, kFailed, rc54(6)},
    {"env", "ws_call_contract", "nbo", code, &serve_call, &Services::has_chain, kFailed, rc54(6)},
    {"env", "ws_set_sql_db", "b", code, &serve_execute, &Services::has_sql, kSql, rc54(6)},
    {"env", "ws_get_sql_db", "bo", code, &serve_query, &Services::has_sql, kSql, rc54(6)},
    {"env", "ws_get_env", "bo", code, &serve_environment, nullptr, kEnv, rc54(2)},
    {"env", "ws_send_mqtt_msg", "bb", code, &serve_publish, &Services::has_mqtt, kFailed, rc54(6)},
    {"env", "ws_api_call", "bo", code, &serve_request, nullptr, kApi, rc54(6)},
    {"stat", "ws_submit_metrics", "b", code, &serve_metrics, nullptr, kFailed, rc54(6)},
    {"env", "ws_get_event_type", "no", code, &serve_event_type, nullptr, kGetData, rc54(4)},
    {"env", "ws_get_mqtt_msg", "noo", code, &serve_mqtt_message, nullptr, kGetData, rc54(3)},

    // Late 2022 and early 2023.
    {"env", "ws_log", "b", nothing, &serve_plain_log},
    {"env", "ws_get_db", "b", value, &serve_get_number},
    {"env", "ws_set_db", "bn", nothing, &serve_set_number},
    {"env", "ws_send_tx", "b", code, &serve_send_by_default, &Services::has_chain, kFailed, rc54(6)},

    // October 2022, and what came before.
    {"env", "log", "b", nothing, &serve_plain_log},
    {"env", "log", "n", nothing, &serve_log_number},
    {"env", "get_data", "no", code, &serve_get_data, nullptr, kGetData, rc54(3)},
    {"env", "get_data_2", "no", nothing, &serve_get_data},
    {"env", "set_data", "nb", code, &serve_set_data, nullptr, kSetData, rc54(3)},
    {"env", "get_db", "b", value, &serve_get_number},
    {"env", "set_db", "bn", nothing, &serve_set_number},
    {"env", "get", "b", value, &serve_get_number},
    {"env", "inc", "bn", value, &serve_increment},
    {"env", "add", "nn", value, &serve_add},

    // The document of April 2024.
    {"env", "ws_get_dB", "bo", code, &serve_get_db, nullptr, kGetDb, rc54(5), true},
    {"env", "ws_set_dB", "bb", code, &serve_set_db, nullptr, kSetDb, rc54(6), true},
    {"env", "ws_send_tx", "bo", code, &serve_send_by_default, &Services::has_chain, kFailed, rc54(6), true},
    {"env", "ws_call_contract", "b", code, &serve_call_by_default, &Services::has_chain, kFailed, rc54(6), true},
};

}  // namespace

std::span<const Row> table() noexcept { return kRows; }

FunctionType type_of(const Row& row) {
    FunctionType type;
    for (const char c : row.shape) type.params.insert(type.params.end(), c == 'n' ? 1 : 2, ValType::i32);
    if (row.returns != nothing) type.results.push_back(ValType::i32);
    return type;
}

const Row* find_row(const Import& import) noexcept {
    for (const Row& row : kRows) {
        if (row.module == import.module && row.name == import.name && type_of(row) == import.function) return &row;
    }
    return nullptr;
}

std::int32_t code_of(const Row& row, CodeTable codes, Outcome outcome) noexcept {
    constexpr std::int32_t kRc54InvokeFailed = 7;
    const Codes& chosen = codes == CodeTable::legacy ? row.legacy : row.rc54;
    switch (outcome) {
        case Outcome::ok: return 0;
        case Outcome::unreadable: return chosen.unreadable;
        case Outcome::missing: return chosen.missing;
        case Outcome::failed: return chosen.failed;
        case Outcome::undeliverable: return chosen.undeliverable;
        case Outcome::alloc_failed: return codes == CodeTable::rc54 ? kRc54InvokeFailed : chosen.undeliverable;
    }
    return -1;
}

std::optional<ServiceSignature> service_signature(const Import& import) {
    const Row* row = find_row(import);
    if (row == nullptr || row->shape.ends_with("oo")) return std::nullopt;
    ServiceSignature signature;
    for (const char c : row->shape) {
        if (c == 'o') signature.result = Kind::bytes;
        else signature.params.push_back(c == 'n' ? Kind::u32 : Kind::bytes);
    }
    if (row->returns == value) signature.result = Kind::i32;
    return signature;
}

}  // namespace mortise::abi::w3bstream
