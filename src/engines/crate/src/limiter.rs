//! The budget of one sandbox, shared with the C++ side and used by both engines.

/// `mortise_limiter_t` of `mortise_engines.h`, where every field is explained.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Limiter {
    pub memory_limit: u64,
    pub memory_used: u64,
    pub memory_peak: u64,
    pub pending: u64,
    pub table_limit: u64,
    pub table_used: u64,
    pub memories_limit: u32,
    pub tables_limit: u32,
    pub instances_limit: u32,
    pub growth_refused: u8,
    pub table_refused: u8,
    pub refused_growth_ends_call: u8,
    pub reserved: u8,
}

/// A growth over the limit.
pub const REFUSED_BY_LIMIT: u8 = 1;
/// A growth that the limit allowed and that failed all the same: beyond the type's range, or no memory left.
pub const REFUSED_BY_ENGINE: u8 = 2;

/// What an engine is to do with a growth.
#[derive(Debug, PartialEq, Eq)]
pub enum Growth {
    /// Go on; it is counted already.
    Granted,
    /// The instruction reports failure to the guest.
    Refused,
    /// The call ends.
    EndsCall,
}

impl Limiter {
    /// Decides on a memory that grows from `current` to `desired` bytes (`current` 0: a new memory) and counts it.
    ///
    /// A growth beyond the memory's own `maximum` is refused here, though it breaks no limit of ours: the engine would
    /// refuse it next, and would then have to say reliably that the bytes counted are free again, which neither engine
    /// does.
    pub fn memory(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Growth {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Growth::Refused;
        }
        let delta = desired.saturating_sub(current) as u64;
        match self.memory_used.checked_add(delta) {
            Some(total) if total <= self.memory_limit => {
                self.pending = delta;
                self.memory_used = total;
                self.memory_peak = self.memory_peak.max(total);
                Growth::Granted
            }
            _ => {
                self.growth_refused |= REFUSED_BY_LIMIT;
                self.refusal()
            }
        }
    }

    /// The same for a table, in elements.
    pub fn table(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Growth {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Growth::Refused;
        }
        let delta = desired.saturating_sub(current) as u64;
        match self.table_used.checked_add(delta) {
            Some(total) if total <= self.table_limit => {
                self.pending = delta;
                self.table_used = total;
                Growth::Granted
            }
            _ => {
                self.table_refused |= REFUSED_BY_LIMIT;
                self.refusal()
            }
        }
    }

    /// Takes back the memory growth that `memory` granted last, which failed after all.
    pub fn undo_memory(&mut self) {
        self.memory_used = self.memory_used.saturating_sub(std::mem::take(&mut self.pending));
    }

    /// The same for a table.
    pub fn undo_table(&mut self) {
        self.table_used = self.table_used.saturating_sub(std::mem::take(&mut self.pending));
    }

    fn refusal(&self) -> Growth {
        if self.refused_growth_ends_call != 0 { Growth::EndsCall } else { Growth::Refused }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(memory_limit: u64, table_limit: u64) -> Limiter {
        Limiter { memory_limit, table_limit, ..Limiter::default() }
    }

    #[test]
    fn memory_of_several_memories_is_summed() {
        let mut l = limiter(100, 0);
        assert_eq!(l.memory(0, 60, None), Growth::Granted);
        assert_eq!(l.memory(0, 40, None), Growth::Granted);
        assert_eq!(l.memory(40, 41, None), Growth::Refused);
        assert_eq!((l.memory_used, l.memory_peak, l.growth_refused), (100, 100, REFUSED_BY_LIMIT));
    }

    #[test]
    fn memory_beyond_its_own_maximum_is_not_counted() {
        let mut l = limiter(1000, 0);
        assert_eq!(l.memory(0, 10, Some(20)), Growth::Granted);
        assert_eq!(l.memory(10, 30, Some(20)), Growth::Refused);
        assert_eq!((l.memory_used, l.growth_refused), (10, 0));
    }

    #[test]
    fn memory_that_would_wrap_is_refused() {
        let mut l = limiter(u64::MAX, 0);
        assert_eq!(l.memory(0, usize::MAX, None), Growth::Granted);
        assert_eq!(l.memory(0, 1, None), Growth::Refused);
    }

    #[test]
    fn refusal_can_end_the_call() {
        let mut l = Limiter { refused_growth_ends_call: 1, ..limiter(5, 5) };
        assert_eq!(l.memory(0, 6, None), Growth::EndsCall);
        assert_eq!(l.table(0, 6, None), Growth::EndsCall);
        assert_eq!((l.growth_refused, l.table_refused), (REFUSED_BY_LIMIT, REFUSED_BY_LIMIT));
    }
}
