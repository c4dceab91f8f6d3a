#include <gmock/gmock.h>

#include "samples.hpp"

using namespace mortise;
using namespace samples;
using ::testing::ElementsAre;

namespace {

struct Unnamed {
    int alpha;
    std::string b_2;
    std::optional<double> _c;
};

struct Wide {
    int a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24;
};

struct Nested {
    Unnamed inner;
    Wide wide;
    std::array<int, 2> pair;
    Bytes bytes;
    std::vector<Unnamed> many;
    std::map<std::string, Unnamed> named;
};

class Hidden {
public:
    explicit Hidden(int) {}
    Hidden() = default;
    int value = 1;
};
MORTISE_FIELDS(Hidden, value)

struct Long {
    Long() {}
    int f1{}, f2{}, f3{}, f4{}, f5{}, f6{}, f7{}, f8{}, f9{}, f10{}, f11{}, f12{}, f13{}, f14{}, f15{}, f16{}, f17{}, f18{}, f19{},
        f20{}, f21{}, f22{}, f23{}, f24{}, f25{}, f26{}, f27{}, f28{}, f29{}, f30{};
};
MORTISE_FIELDS(Long, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24,
               f25, f26, f27, f28, f29, f30)

template <class T>
std::vector<std::string_view> names() {
    const auto& all = codec::detail::kFieldNames<T>;
    return {all.begin(), all.end()};
}

TEST(Fields, of_an_aggregate_are_its_members_in_order) {
    EXPECT_THAT(names<Unnamed>(), ElementsAre("alpha", "b_2", "_c"));
    EXPECT_THAT(names<Point>(), ElementsAre("x", "y"));
    EXPECT_THAT(names<Nested>(), ElementsAre("inner", "wide", "pair", "bytes", "many", "named"));
    EXPECT_EQ(names<Wide>().size(), 24u);
    EXPECT_EQ(names<Wide>().back(), "a24");
    EXPECT_THAT(names<Everything>().size(), 15u);
    EXPECT_TRUE(names<Empty>().empty());
}

TEST(Fields, of_a_local_struct_are_found_too) {
    struct Local {
        int first;
        std::string second;
    };
    EXPECT_THAT(names<Local>(), ElementsAre("first", "second"));
}

TEST(Fields, of_a_description_are_those_named_in_that_order) {
    EXPECT_THAT(names<Described>(), ElementsAre("age", "name"));
    EXPECT_THAT(names<Renamed>(), ElementsAre("type"));
    EXPECT_THAT(names<Hidden>(), ElementsAre("value"));
    EXPECT_EQ(names<Long>().size(), 30u);
}

TEST(Fields, described_struct_travels_in_the_order_of_the_description) {
    EXPECT_EQ(test::packed(Described("Al", 5)), "82 A3 61 67 65 05 A4 6E 61 6D 65 A2 41 6C");
    const auto back = codec::decode<Described>(test::hex("81 A4 6E 61 6D 65 A2 41 6C"), codec::msgpack);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->name, "Al");
    EXPECT_EQ(back->age, 18u);
    EXPECT_EQ(back->hidden, 7);
}

TEST(Fields, struct_without_members_is_an_empty_map) {
    EXPECT_EQ(test::packed(Empty{}), "80");
    EXPECT_TRUE(codec::decode<Empty>(test::hex("81 A1 78 01"), codec::msgpack));
}

}  // namespace
