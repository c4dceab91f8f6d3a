#pragma once

#include <cstdio>
#include <cstdlib>

/// Ends the fuzzer with the broken expectation: the oracle of every target.
#define MORTISE_REQUIRE(condition)                                                                  \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);          \
            std::abort();                                                                           \
        }                                                                                           \
    } while (false)
