#include <span>
#include <string_view>

#include "base/text.hpp"
#include "wasm/opcodes.hpp"

namespace mortise::wasm {
namespace {

/// Names of consecutive opcodes, separated by single spaces; "-" where there is no instruction. Looked up for error
/// messages alone, so searching is good enough.
struct Run {
    Opcode first;
    std::string_view names;
};

constexpr Run kRuns[] = {
    {0x00, "unreachable nop block loop if else try catch throw rethrow throw_ref end br br_if br_table return"},
    {0x10, "call call_indirect return_call return_call_indirect call_ref return_call_ref - - delegate catch_all"},
    {0x1A, "drop select select - - try_table local.get local.set local.tee global.get global.set table.get table.set"},
    {0x28, "i32.load i64.load f32.load f64.load i32.load8_s"},
    {0x2D, "i32.load8_u i32.load16_s i32.load16_u i64.load8_s i64.load8_u"},
    {0x32, "i64.load16_s i64.load16_u i64.load32_s i64.load32_u i32.store i64.store f32.store f64.store i32.store8"},
    {0x3B, "i32.store16 i64.store8 i64.store16 i64.store32 memory.size"},
    {0x40, "memory.grow i32.const i64.const f32.const f64.const"},
    {0x45, "i32.eqz i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u"},
    {0x50, "i64.eqz i64.eq i64.ne i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u i64.ge_s i64.ge_u"},
    {0x5B, "f32.eq f32.ne f32.lt f32.gt f32.le f32.ge f64.eq f64.ne f64.lt f64.gt f64.le f64.ge"},
    {0x67, "i32.clz i32.ctz i32.popcnt i32.add i32.sub i32.mul"},
    {0x6D, "i32.div_s i32.div_u i32.rem_s i32.rem_u i32.and i32.or i32.xor"},
    {0x74, "i32.shl i32.shr_s i32.shr_u i32.rotl i32.rotr"},
    {0x79, "i64.clz i64.ctz i64.popcnt i64.add i64.sub i64.mul"},
    {0x7F, "i64.div_s i64.div_u i64.rem_s i64.rem_u i64.and i64.or i64.xor"},
    {0x86, "i64.shl i64.shr_s i64.shr_u i64.rotl i64.rotr"},
    {0x8B, "f32.abs f32.neg f32.ceil f32.floor f32.trunc f32.nearest"},
    {0x91, "f32.sqrt f32.add f32.sub f32.mul f32.div f32.min f32.max"},
    {0x98, "f32.copysign f64.abs f64.neg f64.ceil f64.floor f64.trunc"},
    {0x9E, "f64.nearest f64.sqrt f64.add f64.sub f64.mul f64.div"},
    {0xA4, "f64.min f64.max f64.copysign i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u"},
    {0xAC, "i64.extend_i32_s i64.extend_i32_u i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u"},
    {0xB2, "f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s f32.convert_i64_u f32.demote_f64"},
    {0xB7, "f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u f64.promote_f32"},
    {0xBC, "i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64"},
    {0xC0, "i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s"},
    {0xD0, "ref.null ref.is_null ref.func ref.eq ref.as_non_null br_on_null br_on_non_null"},
    {0xFB0000, "struct.new struct.new_default struct.get struct.get_s"},
    {0xFB0004, "struct.get_u struct.set array.new array.new_default"},
    {0xFB0008, "array.new_fixed array.new_data array.new_elem array.get"},
    {0xFB000C, "array.get_s array.get_u array.set array.len array.fill"},
    {0xFB0011, "array.copy array.init_data array.init_elem ref.test"},
    {0xFB0015, "ref.test ref.cast ref.cast br_on_cast br_on_cast_fail"},
    {0xFB001A, "any.convert_extern extern.convert_any ref.i31 i31.get_s i31.get_u"},
    {0xFC0000, "i32.trunc_sat_f32_s i32.trunc_sat_f32_u i32.trunc_sat_f64_s i32.trunc_sat_f64_u"},
    {0xFC0004, "i64.trunc_sat_f32_s i64.trunc_sat_f32_u i64.trunc_sat_f64_s i64.trunc_sat_f64_u"},
    {0xFC0008, "memory.init data.drop memory.copy memory.fill table.init"},
    {0xFC000D, "elem.drop table.copy table.grow table.size table.fill"},
    {0xFD0000, "v128.load v128.load8x8_s v128.load8x8_u"},
    {0xFD0003, "v128.load16x4_s v128.load16x4_u v128.load32x2_s v128.load32x2_u"},
    {0xFD0007, "v128.load8_splat v128.load16_splat v128.load32_splat"},
    {0xFD000A, "v128.load64_splat v128.store v128.const i8x16.shuffle"},
    {0xFD000E, "i8x16.swizzle i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat"},
    {0xFD0015, "i8x16.extract_lane_s i8x16.extract_lane_u"},
    {0xFD0017, "i8x16.replace_lane i16x8.extract_lane_s i16x8.extract_lane_u"},
    {0xFD001A, "i16x8.replace_lane i32x4.extract_lane i32x4.replace_lane i64x2.extract_lane i64x2.replace_lane"},
    {0xFD001F, "f32x4.extract_lane f32x4.replace_lane f64x2.extract_lane f64x2.replace_lane"},
    {0xFD0023, "i8x16.eq i8x16.ne i8x16.lt_s i8x16.lt_u i8x16.gt_s"},
    {0xFD0028, "i8x16.gt_u i8x16.le_s i8x16.le_u i8x16.ge_s i8x16.ge_u"},
    {0xFD002D, "i16x8.eq i16x8.ne i16x8.lt_s i16x8.lt_u i16x8.gt_s"},
    {0xFD0032, "i16x8.gt_u i16x8.le_s i16x8.le_u i16x8.ge_s i16x8.ge_u"},
    {0xFD0037, "i32x4.eq i32x4.ne i32x4.lt_s i32x4.lt_u i32x4.gt_s"},
    {0xFD003C, "i32x4.gt_u i32x4.le_s i32x4.le_u i32x4.ge_s i32x4.ge_u"},
    {0xFD0041, "f32x4.eq f32x4.ne f32x4.lt f32x4.gt f32x4.le f32x4.ge"},
    {0xFD0047, "f64x2.eq f64x2.ne f64x2.lt f64x2.gt f64x2.le f64x2.ge"},
    {0xFD004D, "v128.not v128.and v128.andnot v128.or v128.xor v128.bitselect v128.any_true"},
    {0xFD0054, "v128.load8_lane v128.load16_lane v128.load32_lane v128.load64_lane v128.store8_lane v128.store16_lane"},
    {0xFD005A, "v128.store32_lane v128.store64_lane v128.load32_zero v128.load64_zero f32x4.demote_f64x2_zero"},
    {0xFD005F, "f64x2.promote_low_f32x4 i8x16.abs i8x16.neg i8x16.popcnt i8x16.all_true i8x16.bitmask"},
    {0xFD0065, "i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest"},
    {0xFD006B, "i8x16.shl i8x16.shr_s i8x16.shr_u i8x16.add i8x16.add_sat_s i8x16.add_sat_u i8x16.sub i8x16.sub_sat_s"},
    {0xFD0073, "i8x16.sub_sat_u f64x2.ceil f64x2.floor i8x16.min_s"},
    {0xFD0077, "i8x16.min_u i8x16.max_s i8x16.max_u f64x2.trunc i8x16.avgr_u"},
    {0xFD007C, "i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u"},
    {0xFD007E, "i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u"},
    {0xFD0080, "i16x8.abs i16x8.neg i16x8.q15mulr_sat_s i16x8.all_true i16x8.bitmask i16x8.narrow_i32x4_s"},
    {0xFD0086, "i16x8.narrow_i32x4_u i16x8.extend_low_i8x16_s i16x8.extend_high_i8x16_s i16x8.extend_low_i8x16_u"},
    {0xFD008A, "i16x8.extend_high_i8x16_u i16x8.shl i16x8.shr_s i16x8.shr_u i16x8.add i16x8.add_sat_s i16x8.add_sat_u"},
    {0xFD0091, "i16x8.sub i16x8.sub_sat_s i16x8.sub_sat_u f64x2.nearest i16x8.mul i16x8.min_s i16x8.min_u i16x8.max_s"},
    {0xFD0099, "i16x8.max_u - i16x8.avgr_u"},
    {0xFD009C, "i16x8.extmul_low_i8x16_s i16x8.extmul_high_i8x16_s i16x8.extmul_low_i8x16_u"},
    {0xFD009F, "i16x8.extmul_high_i8x16_u i32x4.abs i32x4.neg -"},
    {0xFD00A3, "i32x4.all_true i32x4.bitmask - - i32x4.extend_low_i16x8_s"},
    {0xFD00A8, "i32x4.extend_high_i16x8_s i32x4.extend_low_i16x8_u i32x4.extend_high_i16x8_u"},
    {0xFD00AB, "i32x4.shl i32x4.shr_s i32x4.shr_u"},
    {0xFD00AE, "i32x4.add - - i32x4.sub - -"},
    {0xFD00B4, "- i32x4.mul i32x4.min_s i32x4.min_u i32x4.max_s i32x4.max_u i32x4.dot_i16x8_s"},
    {0xFD00BC, "i32x4.extmul_low_i16x8_s i32x4.extmul_high_i16x8_s i32x4.extmul_low_i16x8_u i32x4.extmul_high_i16x8_u"},
    {0xFD00C0, "i64x2.abs i64x2.neg - i64x2.all_true"},
    {0xFD00C4, "i64x2.bitmask - - i64x2.extend_low_i32x4_s i64x2.extend_high_i32x4_s"},
    {0xFD00C9, "i64x2.extend_low_i32x4_u i64x2.extend_high_i32x4_u i64x2.shl i64x2.shr_s i64x2.shr_u i64x2.add"},
    {0xFD00D1, "i64x2.sub - - - i64x2.mul i64x2.eq i64x2.ne i64x2.lt_s i64x2.gt_s i64x2.le_s i64x2.ge_s"},
    {0xFD00DC, "i64x2.extmul_low_i32x4_s i64x2.extmul_high_i32x4_s i64x2.extmul_low_i32x4_u i64x2.extmul_high_i32x4_u"},
    {0xFD00E0, "f32x4.abs f32x4.neg - f32x4.sqrt f32x4.add"},
    {0xFD00E5, "f32x4.sub f32x4.mul f32x4.div f32x4.min f32x4.max f32x4.pmin"},
    {0xFD00EB, "f32x4.pmax f64x2.abs f64x2.neg - f64x2.sqrt"},
    {0xFD00F0, "f64x2.add f64x2.sub f64x2.mul f64x2.div f64x2.min f64x2.max"},
    {0xFD00F6, "f64x2.pmin f64x2.pmax i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s"},
    {0xFD00FB, "f32x4.convert_i32x4_u i32x4.trunc_sat_f64x2_s_zero"},
    {0xFD00FD, "i32x4.trunc_sat_f64x2_u_zero f64x2.convert_low_i32x4_s"},
    {0xFD00FF, "f64x2.convert_low_i32x4_u i8x16.relaxed_swizzle"},
    {0xFD0101, "i32x4.relaxed_trunc_f32x4_s i32x4.relaxed_trunc_f32x4_u"},
    {0xFD0103, "i32x4.relaxed_trunc_f64x2_s_zero i32x4.relaxed_trunc_f64x2_u_zero"},
    {0xFD0105, "f32x4.relaxed_madd f32x4.relaxed_nmadd"},
    {0xFD0107, "f64x2.relaxed_madd f64x2.relaxed_nmadd i8x16.relaxed_laneselect i16x8.relaxed_laneselect"},
    {0xFD010B, "i32x4.relaxed_laneselect i64x2.relaxed_laneselect"},
    {0xFD010D, "f32x4.relaxed_min f32x4.relaxed_max f64x2.relaxed_min"},
    {0xFD0110, "f64x2.relaxed_max i16x8.relaxed_q15mulr_s"},
    {0xFD0112, "i16x8.relaxed_dot_i8x16_i7x16_s i32x4.relaxed_dot_i8x16_i7x16_add_s"},
    {0xFE0000, "memory.atomic.notify memory.atomic.wait32 memory.atomic.wait64 atomic.fence"},
    {0xFE0010, "i32.atomic.load i64.atomic.load i32.atomic.load8_u"},
    {0xFE0013, "i32.atomic.load16_u i64.atomic.load8_u i64.atomic.load16_u"},
    {0xFE0016, "i64.atomic.load32_u i32.atomic.store i64.atomic.store"},
    {0xFE0019, "i32.atomic.store8 i32.atomic.store16 i64.atomic.store8"},
    {0xFE001C, "i64.atomic.store16 i64.atomic.store32"},
};

/// The atomic read-modify-write instructions: seven operations of seven widths each.
std::string atomic_rmw_name(std::uint32_t number) {
    constexpr std::string_view kWidths[] = {"i32.atomic.rmw",   "i64.atomic.rmw",  "i32.atomic.rmw8",
                                            "i32.atomic.rmw16", "i64.atomic.rmw8", "i64.atomic.rmw16",
                                            "i64.atomic.rmw32"};
    constexpr std::string_view kOperations[] = {".add", ".sub", ".and", ".or", ".xor", ".xchg", ".cmpxchg"};
    return base::concat(kWidths[number % 7], kOperations[number / 7], number % 7 < 2 ? "" : "_u");
}

/// The nth word; empty if there are fewer.
std::string_view word(std::string_view words, std::uint32_t n) {
    for (; n > 0; --n) {
        const auto space = words.find(' ');
        if (space == std::string_view::npos) return {};
        words.remove_prefix(space + 1);
    }
    return words.substr(0, words.find(' '));
}

}  // namespace

std::string opcode_name(Opcode opcode) {
    constexpr Opcode kFirstRmw = prefixed(0xFE, 0x1E), kLastRmw = prefixed(0xFE, 0x4E);
    if (opcode >= kFirstRmw && opcode <= kLastRmw) return atomic_rmw_name(opcode - kFirstRmw);
    const Run* run = nullptr;
    for (const auto& candidate : kRuns)
        if (candidate.first <= opcode && candidate.first >> 16 == opcode >> 16) run = &candidate;
    if (run != nullptr) {
        const auto name = word(run->names, opcode - run->first);
        if (!name.empty() && name != "-") return std::string(name);
    }
    if (opcode < 0x100) return base::hex(opcode);
    return base::concat(base::hex(opcode >> 16), " ", base::hex(opcode & 0xFFFF));
}

}  // namespace mortise::wasm
