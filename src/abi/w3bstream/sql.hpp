#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <mortise/abi/w3bstream_services.hpp>
#include <mortise/error.hpp>

namespace mortise::abi::w3bstream {

/// A statement as guests hand it over.
struct Statement {
    std::string text;
    std::vector<SqlValue> parameters;
};

/// Reads {"statement": ..., "params": [{kind: value}, ...]}. Errors: `decode`, naming the parameter.
Result<Statement> parse_statement(std::string_view json);

/// The answer to a query as guests get it: nothing for no row, an object for one, else an array of objects. Errors: `encode`,
/// a number that JSON does not have, or more than `most_bytes`.
Result<std::string> encode_rows(const SqlRows& rows, std::uint64_t most_bytes);

}  // namespace mortise::abi::w3bstream
