#include "differential/generator.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "differential/operations.hpp"
#include "wasm/writer.hpp"

namespace mortise::differential {
namespace {

using wasm::Opcode;
using wasm::Writer;
namespace op = wasm::op;

constexpr std::array kTypes{ValType::i32, ValType::i64, ValType::f32, ValType::f64};
constexpr std::uint32_t kFunctions = 5, kBudgetGlobal = 4, kBudget = 800, kTableSize = 6, kDataSize = 32;
constexpr std::int32_t kScratchLoops = 8;
constexpr std::uint8_t kVoid = 0x40, kFunctionForm = 0x60, kFuncref = 0x70;

std::uint8_t code_of(ValType type) { return static_cast<std::uint8_t>(0x7F - static_cast<int>(type)); }


struct Function {
    FunctionType type;
    std::vector<ValType> locals;  // parameters first; then kScratchLoops counters of loops
    std::int32_t loops = 0;       // open ones
};

class Body {
public:
    Body(Choices& choices, const std::vector<FunctionType>& types, const std::vector<std::uint32_t>& type_of,
         const FunctionType& type)
        : choices_(choices), types_(types), type_of_(type_of), function_{.type = type, .locals = type.params} {
        const std::uint32_t more = choices_.below(4);
        for (std::uint32_t i = 0; i < more; ++i) function_.locals.push_back(kTypes[choices_.below(4)]);
    }

    Bytes make() {
        spend();
        const std::uint32_t statements = 1 + choices_.below(6);
        for (std::uint32_t i = 0; i < statements; ++i) statement(3);
        for (const ValType result : function_.type.results) expression(result, 4);
        code_.opcode(op::kEnd);
        Writer body;
        const auto own = function_.locals.size() - function_.type.params.size();
        body.u64(own + 1);
        for (std::size_t i = function_.type.params.size(); i < function_.locals.size(); ++i) {
            body.u32(1);
            body.u8(code_of(function_.locals[i]));
        }
        body.u32(kScratchLoops);
        body.u8(code_of(ValType::i32));
        body.bytes(code_.view());
        return body.take();
    }

private:
    void i32(std::int32_t value) {
        code_.opcode(op::kI32Const);
        code_.s32(value);
    }
    void indexed(Opcode opcode, std::uint32_t index) {
        code_.opcode(opcode);
        code_.u32(index);
    }

    /// Counts the budget down; at its end the guest traps.
    void spend() {
        indexed(op::kGlobalGet, kBudgetGlobal);
        i32(1);
        code_.opcode(op::kI32Sub);
        indexed(op::kGlobalSet, kBudgetGlobal);
        indexed(op::kGlobalGet, kBudgetGlobal);
        code_.opcode(0x45);  // eqz
        code_.opcode(op::kIf);
        code_.u8(kVoid);
        code_.opcode(op::kUnreachable);
        code_.opcode(op::kEnd);
    }

    void constant(ValType type) {
        static constexpr std::uint64_t kOdd[] = {0,
                                                 1,
                                                 2,
                                                 7,
                                                 31,
                                                 32,
                                                 63,
                                                 64,
                                                 0x7F,
                                                 0x80,
                                                 0xFFFF,
                                                 0x7FFFFFFF,
                                                 0x80000000,
                                                 0xFFFFFFFF,
                                                 0x7FFFFFFFFFFFFFFF,
                                                 0x8000000000000000,
                                                 0xFFFFFFFFFFFFFFFF};
        static constexpr double kReal[] = {0.0,
                                           -0.0,
                                           1.0,
                                           -1.5,
                                           1e-40,
                                           3e9,
                                           -3e9,
                                           1e19,
                                           -1e19,
                                           1e300,
                                           2147483648.0,
                                           -2147483649.0,
                                           9223372036854775808.0,
                                           0.5,
                                           65'536.0};
        const std::uint64_t bits = choices_.one_in(2) ? kOdd[choices_.below(std::size(kOdd))] : choices_.bits();
        switch (type) {
            case ValType::i32: return i32(static_cast<std::int32_t>(bits));
            case ValType::i64: code_.opcode(op::kI64Const); return code_.s64(static_cast<std::int64_t>(bits));
            case ValType::f32: {
                code_.opcode(op::kF32Const);
                return raw(static_cast<float>(kReal[choices_.below(std::size(kReal))]));
            }
            default: code_.opcode(op::kF64Const); return raw(kReal[choices_.below(std::size(kReal))]);
        }
    }

    template <class T>
    void raw(T value) {
        std::byte bytes[sizeof(T)];
        std::memcpy(bytes, &value, sizeof(T));
        code_.bytes(bytes);
    }

    /// An address that is mostly inside.
    void address(int depth) {
        expression(ValType::i32, depth - 1);
        if (choices_.one_in(12)) return;
        i32(choices_.one_in(6) ? 0x1FFFF : 0xFFFF);
        code_.opcode(0x71);  // and
    }
    void memarg() {
        code_.u32(0);
        code_.u32(choices_.one_in(8) ? choices_.below(0x20000) : choices_.below(64));
    }

    void load(ValType type, int depth) {
        static constexpr std::array<std::array<Opcode, 2>, 4> kRange{
            {{0x2C, 0x2F}, {0x30, 0x35}, {0x2A, 0x2A}, {0x2B, 0x2B}}};
        static constexpr std::array<Opcode, 4> kPlain{0x28, 0x29, 0x2A, 0x2B};
        const auto [first, last] = kRange[static_cast<std::size_t>(type)];
        address(depth);
        code_.opcode(choices_.one_in(2) ? kPlain[static_cast<std::size_t>(type)]
                                        : first + choices_.below(last - first + 1));
        memarg();
    }

    bool local_of(ValType type, std::uint32_t& index) {
        const auto count = static_cast<std::uint32_t>(function_.locals.size());
        if (count == 0) return false;
        const std::uint32_t from = choices_.below(count);
        for (std::uint32_t i = 0; i < count; ++i) {
            index = (from + i) % count;
            if (function_.locals[index] == type) return true;
        }
        return false;
    }

    void arguments(const FunctionType& type, int depth) {
        for (const ValType param : type.params) expression(param, depth - 1);
    }

    bool call(ValType wanted, int depth) {
        const std::uint32_t function = choices_.below(kFunctions);
        const FunctionType& type = types_[type_of_[function]];
        if (type.results.empty() || type.results.front() != wanted) return false;
        arguments(type, depth);
        if (choices_.one_in(2)) {
            indexed(op::kCall, function);
        } else {
            expression(ValType::i32, 1);
            if (!choices_.one_in(4)) i32(7), code_.opcode(0x71);
            indexed(op::kCallIndirect, type_of_[function]);
            code_.u32(0);
        }
        return true;
    }

    void block(ValType type, int depth) {
        if (choices_.one_in(2)) {
            expression(ValType::i32, depth - 1);
            code_.opcode(op::kIf);
            code_.u8(code_of(type));
            expression(type, depth - 1);
            code_.opcode(op::kElse);
            expression(type, depth - 1);
        } else {
            code_.opcode(op::kBlock);
            code_.u8(code_of(type));
            expression(type, depth - 1);
            expression(ValType::i32, depth - 1);
            indexed(op::kBrIf, 0);
            code_.opcode(op::kDrop);
            expression(type, depth - 1);
        }
        code_.opcode(op::kEnd);
    }

    void grow_or_size() {
        if (choices_.one_in(3)) {
            i32(choices_.one_in(8) ? 70'000 : static_cast<std::int32_t>(choices_.below(3)));
            code_.opcode(op::kMemoryGrow);
        } else {
            code_.opcode(op::kMemorySize);
        }
        code_.u8(0);
    }

    void expression(ValType type, int depth) {
        std::uint32_t local = 0;
        if (depth <= 0) {
            if (choices_.one_in(3) || !local_of(type, local)) return constant(type);
            return indexed(op::kLocalGet, local);
        }
        switch (choices_.below(12)) {
            case 0: return constant(type);
            case 1:
            case 2:
                if (local_of(type, local)) return indexed(op::kLocalGet, local);
                return constant(type);
            case 3: return load(type, depth);
            case 4:
                if (call(type, depth)) return;
                return load(type, depth);
            case 5: return block(type, depth);
            case 6:
                expression(type, depth - 1);
                expression(type, depth - 1);
                expression(ValType::i32, depth - 1);
                return code_.opcode(op::kSelect);
            case 7:
                if (type == ValType::i32 && choices_.one_in(3)) return grow_or_size();
                if (type == ValType::i32 || type == ValType::i64)
                    return indexed(op::kGlobalGet, (type == ValType::i64 ? 2 : 0) + choices_.below(2));
                [[fallthrough]];
            case 8:
                if (local_of(type, local)) {
                    expression(type, depth - 1);
                    return indexed(op::kLocalTee, local);
                }
                [[fallthrough]];
            default: {
                const auto& all = operations(type);
                const Operation& one = all[choices_.below(static_cast<std::uint32_t>(all.size()))];
                for (const ValType taken : one.takes) expression(taken, depth - 1);
                return code_.opcode(one.opcode);
            }
        }
    }

    void loop(int depth) {
        if (function_.loops == kScratchLoops) return;
        const auto counter =
            static_cast<std::uint32_t>(function_.locals.size()) + static_cast<std::uint32_t>(function_.loops++);
        i32(static_cast<std::int32_t>(choices_.below(20)));
        indexed(op::kLocalSet, counter);
        code_.opcode(op::kLoop);
        code_.u8(kVoid);
        spend();
        statement(depth - 1);
        indexed(op::kLocalGet, counter);
        i32(1);
        code_.opcode(op::kI32Sub);
        indexed(op::kLocalTee, counter);
        i32(0);
        code_.opcode(0x4A);  // gt_s
        indexed(op::kBrIf, 0);
        code_.opcode(op::kEnd);
    }

    void store(int depth) {
        // Integers only: floats may be a NaN.
        static constexpr Opcode kStores[] = {0x36, 0x3A, 0x3B, 0x37, 0x3C, 0x3D, 0x3E};
        const std::uint32_t which = choices_.below(std::size(kStores));
        address(depth);
        expression(which < 3 ? ValType::i32 : ValType::i64, depth - 1);
        code_.opcode(kStores[which]);
        memarg();
    }

    void bulk(int depth) {
        address(depth);
        const std::uint32_t which = choices_.below(3);
        if (which == 0) expression(ValType::i32, depth - 1);
        if (which == 1) address(depth);
        if (which == 2) i32(static_cast<std::int32_t>(choices_.below(kDataSize + 4)));
        i32(static_cast<std::int32_t>(which == 2 ? choices_.below(kDataSize) : choices_.below(0x400)));
        if (which == 2) {
            indexed(op::kMemoryInit, 0);
        } else {
            code_.opcode(wasm::prefixed(0xFC, which == 0 ? 11 : 10));
            if (which == 1) code_.u8(0);
        }
        code_.u8(0);
    }

    void statement(int depth) {
        std::uint32_t local = 0;
        const ValType type = kTypes[choices_.below(4)];
        switch (depth <= 0 ? choices_.below(4) : choices_.below(9)) {
            case 0:
                if (!local_of(type, local)) return;
                expression(type, depth);
                return indexed(op::kLocalSet, local);
            case 1: {
                const bool wide = choices_.one_in(2);
                expression(wide ? ValType::i64 : ValType::i32, depth);
                return indexed(op::kGlobalSet, (wide ? 2 : 0) + choices_.below(2));
            }
            case 2: return store(depth);
            case 3: expression(type, depth); return code_.opcode(op::kDrop);
            case 4:
                expression(ValType::i32, depth - 1);
                code_.opcode(op::kIf);
                code_.u8(kVoid);
                statement(depth - 1);
                code_.opcode(op::kElse);
                statement(depth - 1);
                return code_.opcode(op::kEnd);
            case 5: return loop(depth);
            case 6: return bulk(depth);
            case 7:
                code_.opcode(op::kBlock);
                code_.u8(kVoid);
                statement(depth - 1);
                expression(ValType::i32, depth - 1);
                indexed(op::kBrIf, 0);
                statement(depth - 1);
                return code_.opcode(op::kEnd);
            default:
                expression(ValType::i32, depth - 1);
                code_.opcode(op::kIf);
                code_.u8(kVoid);
                for (const ValType result : function_.type.results) expression(result, depth - 1);
                code_.opcode(op::kReturn);
                return code_.opcode(op::kEnd);
        }
    }

    Choices& choices_;
    const std::vector<FunctionType>& types_;
    const std::vector<std::uint32_t>& type_of_;
    Function function_;
    Writer code_;
};

class ModuleMaker {
public:
    explicit ModuleMaker(Choices& choices) : choices_(choices) {}

    Generated make() {
        choose_types();
        out_.bytes(bytes_of(std::string_view("\0asm\1\0\0\0", 8)));
        write_types();
        write_declarations();
        write_exports();
        write_elements();
        section(12, [](Writer& w) { w.u32(1); });  // one data segment, known before the code
        section(10, [&](Writer& w) {
            w.u32(kFunctions);
            for (const std::uint32_t type : type_of_) w.sized(Body(choices_, types_, type_of_, types_[type]).make());
        });
        section(11, [&](Writer& w) {
            w.u32(1);
            w.u8(1);  // passive
            w.u32(kDataSize);
            for (std::uint32_t i = 0; i < kDataSize; ++i) w.u8(static_cast<std::uint8_t>(choices_.below(256)));
        });
        made_.wasm = out_.take();
        return std::move(made_);
    }

private:
    template <class Fill>
    void section(std::uint8_t id, Fill fill) {
        Writer content;
        fill(content);
        out_.u8(id);
        out_.sized(content.view());
    }

    void choose_types() {
        for (std::uint32_t i = 0; i < 4; ++i) {
            FunctionType type;
            const std::uint32_t params = choices_.below(4);
            for (std::uint32_t k = 0; k < params; ++k) type.params.push_back(kTypes[choices_.below(4)]);
            // Results are seen, so they are integers.
            if (!choices_.one_in(4)) type.results.push_back(choices_.one_in(2) ? ValType::i64 : ValType::i32);
            types_.push_back(std::move(type));
        }
        for (std::uint32_t i = 0; i < kFunctions; ++i) type_of_.push_back(choices_.below(4));
    }

    void write_types() {
        section(1, [&](Writer& w) {
            w.u64(types_.size());
            for (const FunctionType& type : types_) {
                w.u8(kFunctionForm);
                for (const auto* list : {&type.params, &type.results}) {
                    w.u64(list->size());
                    for (const ValType one : *list) w.u8(code_of(one));
                }
            }
        });
        section(3, [&](Writer& w) {
            w.u32(kFunctions);
            for (const std::uint32_t type : type_of_) w.u32(type);
        });
    }

    void write_declarations() {
        section(4, [](Writer& w) { w.u32(1), w.u8(kFuncref), w.u8(0), w.u32(kTableSize); });
        section(5, [](Writer& w) { w.u32(1), w.u8(1), w.u32(1), w.u32(kMostPages); });
        section(6, [&](Writer& w) {
            w.u32(kBudgetGlobal + 1);
            for (std::uint32_t i = 0; i <= kBudgetGlobal; ++i) {
                const bool wide = i == 2 || i == 3;
                w.u8(code_of(wide ? ValType::i64 : ValType::i32));
                w.u8(1);
                w.opcode(wide ? op::kI64Const : op::kI32Const);
                w.s32(i == kBudgetGlobal ? static_cast<std::int32_t>(kBudget)
                                         : static_cast<std::int32_t>(choices_.bits()));
                w.opcode(op::kEnd);
            }
        });
    }

    void write_exports() {
        section(7, [&](Writer& w) {
            w.u32(1 + kBudgetGlobal + 1 + kFunctions);
            w.name("memory"), w.u8(2), w.u32(0);
            for (std::uint32_t i = 0; i <= kBudgetGlobal; ++i) {
                made_.globals.push_back("g" + std::to_string(i));
                w.name(made_.globals.back()), w.u8(3), w.u32(i);
            }
            for (std::uint32_t i = 0; i < kFunctions; ++i) {
                made_.entries.push_back({"f" + std::to_string(i), types_[type_of_[i]]});
                w.name(made_.entries.back().name), w.u8(0), w.u32(i);
            }
        });
    }

    /// The last element of the table stays null.
    void write_elements() {
        section(9, [](Writer& w) {
            w.u32(1), w.u32(0);
            w.opcode(op::kI32Const), w.s32(0), w.opcode(op::kEnd);
            w.u32(kFunctions);
            for (std::uint32_t i = 0; i < kFunctions; ++i) w.u32(i);
        });
    }

    Choices& choices_;
    Writer out_;
    std::vector<FunctionType> types_;
    std::vector<std::uint32_t> type_of_;
    Generated made_;
};

}  // namespace

std::uint64_t Choices::bits() {
    std::uint64_t from_bytes = 0;
    const std::size_t taken = std::min<std::size_t>(bytes_.size(), 2);
    if (taken != 0) std::memcpy(&from_bytes, bytes_.data(), taken);
    bytes_ = bytes_.subspan(taken);
    if (taken != 0) return from_bytes * 0x9E3779B97F4A7C15ULL ^ from_bytes;
    state_ += 0x9E3779B97F4A7C15ULL;  // splitmix64
    std::uint64_t mixed = state_;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBULL;
    return mixed ^ mixed >> 31;
}

std::uint32_t Choices::below(std::uint32_t below) { return static_cast<std::uint32_t>(bits() % below); }

Generated generate(Choices& choices) { return ModuleMaker(choices).make(); }

}  // namespace mortise::differential
