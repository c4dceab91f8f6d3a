#pragma once

#include <any>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <mortise/abi/dataflow.hpp>
#include <mortise/bytes.hpp>
#include <mortise/error.hpp>
#include <mortise/instance.hpp>

/// Calls of a dataflow plugin's functions over many records, on one instance.
namespace mortise::abi::dataflow {

/// What a function makes of each record, outputs one by one in order; a record may give none or several. Stops at the first error.
template <class Records>
Result<std::vector<Bytes>> map(Instance& instance, std::string_view function, const Records& records) {
    std::vector<Bytes> out;
    for (const auto& record : records) {
        CallOutcome outcome;
        auto done = instance.perform({.name = function, .form = CallRequest::Form::message, .payload = BytesView(record)}, outcome);
        if (!done) return fail(std::move(done).error());
        const auto* outputs = std::any_cast<Outputs>(&outcome.report);
        if (outputs == nullptr) {
            if (outcome.has_payload) out.push_back(std::move(outcome.payload));
            continue;
        }
        std::uint64_t begin = 0;
        for (const std::uint64_t end : outputs->ends) {
            out.push_back(copy_bytes(BytesView(outcome.payload).subspan(begin, end - begin)));
            begin = end;
        }
    }
    return out;
}

/// Folds records from the first to the last: the function gets the accumulator so far and a record, and gives the next
/// accumulator; where it gives nothing the accumulator stays. Stops at the first error.
template <class Records>
Result<Bytes> reduce(Instance& instance, std::string_view function, Bytes accumulator, const Records& records) {
    for (const auto& record : records) {
        const std::any options = Reduction{accumulator};
        CallOutcome outcome;
        auto done = instance.perform({.name = function, .form = CallRequest::Form::message, .payload = BytesView(record), .options = &options},
                                     outcome);
        if (!done) return fail(std::move(done).error());
        if (outcome.has_payload) accumulator = std::move(outcome.payload);
    }
    return accumulator;
}

}  // namespace mortise::abi::dataflow
