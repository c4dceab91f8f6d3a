#include "guest.hpp"

namespace mortise::w3bstream_tests {
namespace {

TEST(W3bstreamSdk, placeholder) { SUCCEED(); }

}  // namespace
}  // namespace mortise::w3bstream_tests
