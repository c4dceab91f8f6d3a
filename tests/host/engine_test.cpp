#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise {
namespace {

// The suites of host and ABIs run once for each engine: this one says that it is truly that engine which they run on.
TEST(EngineUnderTest, IsTheOneAskedFor_byName) {
    const auto engine = value(testing::runtime_under_test().engine());
    const char* asked = std::getenv("MORTISE_TEST_ENGINE");
    EXPECT_EQ(engine.name, asked != nullptr ? asked : Runtime::engines().front().name);
}

}  // namespace
}  // namespace mortise
