//! Wasmi's values as the 16-byte slots of the engine seam, which are laid out like `wasmtime_val_raw_t`.

use wasmi::{ExternRef, F32, F64, Func, Nullable, V128, Val, ValType};

/// `mortise_wasmi_value_t`. The bytes beyond the type's own width are ignored on the way in and zero on the way out.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub struct Slot(pub [u8; 16]);

impl Slot {
    pub const ZERO: Slot = Slot([0; 16]);

    fn low<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.0[..N]);
        bytes
    }

    fn from_low<const N: usize>(bytes: [u8; N]) -> Self {
        let mut slot = Slot::ZERO;
        slot.0[..N].copy_from_slice(&bytes);
        slot
    }
}

// A reference crosses as the eight bytes of its handle, zero for null. Handles are an index that is never zero and the
// number of their store, so any eight bytes are a valid Option, and Wasmi itself rejects a handle that is not of the
// store at hand.
const _: () = assert!(size_of::<Option<Func>>() == 8 && size_of::<Func>() == 8);
const _: () = assert!(size_of::<Option<ExternRef>>() == 8 && size_of::<ExternRef>() == 8);

fn func_from(bits: u64) -> Nullable<Func> {
    // SAFETY: see above.
    match unsafe { std::mem::transmute::<u64, Option<Func>>(bits) } {
        Some(func) if bits != 0 => Nullable::Val(func),
        _ => Nullable::Null,
    }
}

fn extern_from(bits: u64) -> Nullable<ExternRef> {
    // SAFETY: see above.
    match unsafe { std::mem::transmute::<u64, Option<ExternRef>>(bits) } {
        Some(object) if bits != 0 => Nullable::Val(object),
        _ => Nullable::Null,
    }
}

pub fn func_bits(func: Func) -> u64 {
    // SAFETY: eight bytes without padding: two 32-bit numbers.
    unsafe { std::mem::transmute::<Func, u64>(func) }
}

/// Reads a slot as a value of type `ty`.
pub fn from_slot(ty: ValType, slot: &Slot) -> Val {
    match ty {
        ValType::I32 => Val::I32(i32::from_le_bytes(slot.low())),
        ValType::I64 => Val::I64(i64::from_le_bytes(slot.low())),
        ValType::F32 => Val::F32(F32::from_bits(u32::from_le_bytes(slot.low()))),
        ValType::F64 => Val::F64(F64::from_bits(u64::from_le_bytes(slot.low()))),
        ValType::V128 => Val::V128(V128::from(u128::from_le_bytes(slot.0))),
        ValType::FuncRef => Val::FuncRef(func_from(u64::from_le_bytes(slot.low()))),
        ValType::ExternRef => Val::ExternRef(extern_from(u64::from_le_bytes(slot.low()))),
    }
}

/// Writes a value to a slot.
pub fn to_slot(value: &Val) -> Slot {
    match value {
        Val::I32(value) => Slot::from_low(value.to_le_bytes()),
        Val::I64(value) => Slot::from_low(value.to_le_bytes()),
        Val::F32(value) => Slot::from_low(value.to_bits().to_le_bytes()),
        Val::F64(value) => Slot::from_low(value.to_bits().to_le_bytes()),
        Val::V128(value) => Slot(value.as_u128().to_le_bytes()),
        Val::FuncRef(Nullable::Null) | Val::ExternRef(Nullable::Null) => Slot::ZERO,
        Val::FuncRef(Nullable::Val(func)) => Slot::from_low(func_bits(*func).to_le_bytes()),
        Val::ExternRef(Nullable::Val(object)) => {
            // SAFETY: as in func_bits.
            Slot::from_low(unsafe { std::mem::transmute::<ExternRef, u64>(*object) }.to_le_bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_survives_the_round_trip() {
        let slots = [
            (ValType::I32, Slot::from_low((-5_i32).to_le_bytes())),
            (ValType::I64, Slot::from_low(i64::MIN.to_le_bytes())),
            (ValType::F32, Slot::from_low(0x7fa0_1234_u32.to_le_bytes())), // a signalling NaN with a payload
            (ValType::F64, Slot::from_low(0xfff4_0000_dead_beef_u64.to_le_bytes())),
            (ValType::V128, Slot([7; 16])),
            (ValType::FuncRef, Slot::ZERO),
            (ValType::ExternRef, Slot::ZERO),
        ];
        for (ty, slot) in slots {
            assert_eq!(to_slot(&from_slot(ty, &slot)).0, slot.0, "{ty:?}");
        }
    }

    #[test]
    fn any_bits_make_some_reference() {
        for bits in [1, 1 << 32, u64::MAX] {
            let _ = from_slot(ValType::FuncRef, &Slot::from_low(u64::to_le_bytes(bits)));
            let _ = from_slot(ValType::ExternRef, &Slot::from_low(u64::to_le_bytes(bits)));
        }
    }
}
