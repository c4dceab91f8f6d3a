// Any bytes as the requests of `mortise call --jsonl`: cut into lines as they are, each line read or refused in words of one line;
// what was read holds what its members promise.

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/json.hpp"
#include "cli/line_reader.hpp"
#include "cli/payload.hpp"
#include "cli/request.hpp"
#include "require.hpp"

namespace {

using namespace mortise;
using namespace mortise::cli;

constexpr std::size_t kLongest = 4096;

// A file in memory, as a descriptor is what the reader reads from.
class File {
public:
    explicit File(std::string_view content) : descriptor_(::memfd_create("lines", 0)) {
        MORTISE_REQUIRE(descriptor_ >= 0 && ::write(descriptor_, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
        ::lseek(descriptor_, 0, SEEK_SET);
    }
    ~File() { ::close(descriptor_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int descriptor() const noexcept { return descriptor_; }

private:
    int descriptor_;
};

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

void check_json(const std::string& line) {
    const auto json = parse_json(line);
    if (!json) {
        MORTISE_REQUIRE(json.error().code() == ErrorCode::invalid_argument);
        MORTISE_REQUIRE(json.error().message().find('\n') == std::string::npos);
        return;
    }
    MORTISE_REQUIRE(nlohmann::json::accept(line));
    const std::string written = to_line(*json);
    MORTISE_REQUIRE(written.find('\n') == std::string::npos);
    const auto again = parse_json(written);
    MORTISE_REQUIRE(again && to_line(*again) == written);
}

void check_request(const std::string& line) {
    const auto request = parse_request(line);
    if (!request) {
        MORTISE_REQUIRE(request.error().code() == ErrorCode::invalid_argument);
        return;
    }
    MORTISE_REQUIRE(!request->arguments || request->arguments->is_array());
    MORTISE_REQUIRE(std::ranges::is_sorted(request->resources, {}, [](const auto& resource) { return resource.first; }));
    MORTISE_REQUIRE(std::ranges::adjacent_find(request->resources, {}, [](const auto& resource) { return resource.first; }) ==
                    request->resources.end());
    if (!request->payload) return;
    const auto again = parse_payload(bytes_to_json(*request->payload), "payload");
    MORTISE_REQUIRE(again && *again == *request->payload);
    const auto hex = parse_hex(to_hex(*request->payload));
    MORTISE_REQUIRE(hex && *hex == *request->payload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const File file(text);
    LineReader reader(file.descriptor(), kLongest);
    std::string line;
    for (const std::string& wanted : lines_of(text)) {
        const auto got = reader.next(line);
        if (wanted.size() > kLongest) {
            MORTISE_REQUIRE(got == LineReader::Got::too_long);
            continue;
        }
        MORTISE_REQUIRE(got == LineReader::Got::line && line == wanted);
        check_json(line);
        check_request(line);
    }
    MORTISE_REQUIRE(reader.next(line) == LineReader::Got::end);
    return 0;
}
