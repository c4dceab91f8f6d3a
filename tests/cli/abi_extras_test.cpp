#include "cli/abi_extras.hpp"

#include "support/matchers.hpp"

namespace mortise::cli {
namespace {

using testing::IsOk;

TEST(CommandServices, Metrics_areTakenWithoutEnd) {
    Services services;
    HostFunctions host;
    services.add("w3bstream", Sandbox{}, host);
    const auto* w3bstream = std::any_cast<std::shared_ptr<abi::w3bstream::MemoryServices>>(&host.services());
    ASSERT_NE(w3bstream, nullptr);
    for (int i = 0; i < 6'000; ++i) ASSERT_THAT((*w3bstream)->submit_metrics({}, "{}"), IsOk()) << i;
}

}  // namespace
}  // namespace mortise::cli
