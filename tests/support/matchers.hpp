#pragma once

#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mortise/error.hpp>

namespace mortise {

inline void PrintTo(const Error& error, std::ostream* out) { *out << to_string(error.code()) << ": " << error.describe(); }

namespace testing {

/// A result that has a value; the error is printed otherwise.
MATCHER(IsOk, negation ? "fails" : "has a value") {
    if (arg.has_value()) return true;
    *result_listener << "failed with " << to_string(arg.error().code()) << ": " << arg.error().describe();
    return false;
}

/// A result that failed with this code.
MATCHER_P(FailsWith, code, std::string("fails with ") + std::string(to_string(code))) {
    if (arg.has_value()) {
        *result_listener << "has a value";
        return false;
    }
    *result_listener << "failed with " << to_string(arg.error().code()) << ": " << arg.error().describe();
    return arg.error().code() == code;
}

/// A result that failed with this code and whose whole text contains `text`: for what people must be told.
MATCHER_P2(FailsWith, code, text, std::string("fails with ") + std::string(to_string(code)) + " saying \"" + text + "\"") {
    if (arg.has_value()) {
        *result_listener << "has a value";
        return false;
    }
    *result_listener << "failed with " << to_string(arg.error().code()) << ": " << arg.error().describe();
    return arg.error().code() == code && arg.error().describe().find(text) != std::string::npos;
}

/// A result whose value is this.
template <class T>
class HoldsMatcher {
public:
    using is_gtest_matcher = void;
    explicit HoldsMatcher(T wanted) : wanted_(std::move(wanted)) {}

    template <class R>
    bool MatchAndExplain(const R& result, std::ostream* out) const {
        if (!result) {
            if (out != nullptr) *out << "failed with " << to_string(result.error().code()) << ": " << result.error().describe();
            return false;
        }
        if (out != nullptr) *out << "holds " << ::testing::PrintToString(*result);
        return *result == wanted_;
    }
    void DescribeTo(std::ostream* out) const { *out << "holds " << ::testing::PrintToString(wanted_); }
    void DescribeNegationTo(std::ostream* out) const { *out << "does not hold " << ::testing::PrintToString(wanted_); }

private:
    T wanted_;
};
template <class T>
HoldsMatcher<T> Holds(T wanted) {
    return HoldsMatcher<T>(std::move(wanted));
}

}  // namespace testing
}  // namespace mortise
