#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/host_file.hpp"
#include "cli/host_install.hpp"
#include "cli/host_reply.hpp"

namespace {

using namespace mortise;
using namespace mortise::cli;
using testing::HasSubstr;

AbiInfo abi_of(std::string name) {
    AbiInfo info;
    info.name = std::move(name);
    return info;
}

HostEntry entry(const std::string& members) { return parse_host_file("[{\"match\": {}, " + members + "}]").value().front(); }

TEST(HostFile, members_are_read) {
    const auto file = parse_host_file(R"([
        {"match": {"module": "m", "name": "n", "binding": "b", "namespace": "s", "operation": "o"}, "reply": "echo"},
        {"match": {}, "types": "string,i32->string", "error": "no", "gas": 5}])").value();
    ASSERT_EQ(file.size(), 2u);
    EXPECT_EQ(file[0].number, 1u);
    EXPECT_EQ(file[0].match.module, "m");
    EXPECT_EQ(file[0].match.name, "n");
    EXPECT_EQ(file[0].match.binding, "b");
    EXPECT_EQ(file[0].match.space, "s");
    EXPECT_EQ(file[0].match.operation, "o");
    EXPECT_TRUE(std::holds_alternative<EchoReply>(file[0].reply));
    EXPECT_EQ(file[1].match.module, std::nullopt);
    EXPECT_EQ(file[1].types->params, (std::vector{Kind::string, Kind::i32}));
    EXPECT_EQ(std::get<ErrorReply>(file[1].reply).text, "no");
    EXPECT_EQ(file[1].gas, 5u);
}

TEST(HostFile, an_error_names_the_entry) {
    const auto file = parse_host_file(R"([{"match": {}, "reply": "echo"}, {"match": {}, "reply": "ecko"}])");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code(), ErrorCode::invalid_argument);
    EXPECT_THAT(file.error().message(), HasSubstr("entry 2: reply is \"ecko\""));
}

TEST(HostReply, patterns_are_filled_in) {
    const Value first("a");
    const Value second(std::int32_t{-5});
    const Value third(2.5);
    const ValueView views[] = {ValueView(first), ValueView(second), ValueView(third)};
    EXPECT_EQ(fill_in("${input}|${0}|${1}|${2}|${3}|", views), "a|a|-5|2.5||");
    EXPECT_EQ(fill_in("${input} ${0}", {}), " ");
    EXPECT_EQ(fill_in("$ $$ ${ ${} ${x} ${-1} ${1", views), "$ $$ ${ ${} ${x} ${-1} ${1");
    EXPECT_EQ(fill_in("${${0}}", views), "${a}");
    EXPECT_EQ(fill_in("${99999999999999999999}", views), "${99999999999999999999}");
    EXPECT_EQ(fill_in("", views), "");
}

TEST(HostReply, an_argument_is_not_filled_in_again) {
    const Value tricky("${0}");
    const ValueView view(tricky);
    EXPECT_EQ(fill_in("<${0}>", {&view, 1}), "<${0}>");
}

TEST(HostReply, becomes_what_the_function_returns) {
    const Value five(std::int32_t{5});
    const ValueView view(five);
    const std::span<const ValueView> one(&view, 1);
    EXPECT_EQ(reply_value(entry(R"("reply": {"text": "${0}1"})"), one, Kind::i64).value(), Value(std::int64_t{51}));
    EXPECT_EQ(reply_value(entry(R"("reply": "echo")"), one, Kind::i32).value(), five);
    EXPECT_EQ(reply_value(entry(R"("reply": "echo")"), one, Kind::string).value(), Value("5"));
    EXPECT_EQ(reply_value(entry(R"("reply": {"value": 3})"), one, Kind::f64).value(), Value(3.0));
    EXPECT_EQ(reply_value(entry(R"("reply": {"value": "nan"})"), one, Kind::none).value(), Value());
    EXPECT_EQ(reply_value(entry(R"("reply": {"hex": "ff"})"), one, Kind::string).value(), Value("\xff"));
    EXPECT_EQ(reply_value(entry(R"("reply": null)"), one, Kind::none).value(), Value());
}

TEST(HostReply, what_does_not_fit_names_the_entry) {
    for (const char* members : {R"("reply": {"text": "x"})", R"("reply": {"hex": "00"})", R"("reply": {"value": "x"})", R"("reply": null)", R"("reply": "echo")"}) {
        const auto value = reply_value(entry(members), {}, Kind::i32);
        ASSERT_FALSE(value) << members;
        EXPECT_EQ(value.error().code(), ErrorCode::host_function_failed);
        EXPECT_THAT(value.error().message(), HasSubstr("entry 1 of the host file"));
    }
}

TEST(HostReply, an_error_is_its_own_text) {
    const auto value = reply_value(entry(R"("error": "not ${0} today")"), {}, Kind::i32);
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().message(), "not ${0} today");
}

TEST(HostInstall, a_wide_entry_leaves_what_mortise_provides_alone) {
    ModuleInfo module;
    for (const auto& [from, name] : {std::pair{"wasi_snapshot_preview1", "fd_write"}, {"env", "abort"}, {"env", "raise_error"}, {"env", "mine"}}) {
        Import import;
        import.module = from;
        import.name = name;
        import.function = {{ValType::i32}, {}};
        module.imports.push_back(import);
    }
    const auto installed = [&](const char* match, std::string abi) {
        auto file = std::make_shared<const HostFile>(parse_host_file(std::string("[{\"match\": ") + match + R"(, "reply": null}])").value());
        HostFunctions host;
        EXPECT_TRUE(install_host_file(file, module, abi_of(std::move(abi)), host));
        std::string names;
        for (const auto& function : host.functions()) names += function.name + ' ';
        return names;
    };
    EXPECT_EQ(installed("{}", "wasp"), "mine ");
    EXPECT_EQ(installed(R"({"module": "env"})", "wasp"), "mine ");
    EXPECT_EQ(installed(R"({"name": "abort"})", "wasp"), "abort ");
    EXPECT_EQ(installed("{}", "plain"), "abort raise_error mine ");
    EXPECT_EQ(installed(R"({"name": "fd_write"})", "plain"), "");
    EXPECT_EQ(installed(R"({"module": "wasi_snapshot_preview1", "name": "fd_write"})", "plain"), "fd_write ");
    EXPECT_EQ(installed(R"({"operation": "x"})", "plain"), "");
}

TEST(HostInstall, gas_is_for_aspects) {
    auto file = std::make_shared<const HostFile>(parse_host_file(R"([{"match": {}, "reply": null, "gas": 1}])").value());
    HostFunctions host;
    EXPECT_FALSE(install_host_file(file, {}, abi_of("plain"), host));
    EXPECT_TRUE(install_host_file(file, {}, abi_of("aspect"), host));
}

TEST(AspectName, is_split_at_the_last_dot) {
    EXPECT_EQ(split_aspect_name("a.b.c"), std::pair(std::string_view("a.b"), std::string_view("c")));
    EXPECT_EQ(split_aspect_name("c"), std::pair(std::string_view(), std::string_view("c")));
}

}  // namespace
