//! What a message carries in its muid, so that a receiver knows it without a shared table.

/// Which message this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// This run; messages of earlier runs are not counted.
    pub run: u32,
    /// The worker that sent it.
    pub worker: usize,
    /// Number of the message in the run.
    pub number: u64,
    /// When it was due, in microseconds since the start of the run.
    pub due: u64,
}

impl Mark {
    pub fn to_muid(self) -> String {
        format!("load-{:08x}-{}-{}-{}", self.run, self.worker, self.number, self.due)
    }

    pub fn from_muid(muid: &str) -> Option<Self> {
        let mut parts = muid.strip_prefix("load-")?.split('-');
        let mark = Self {
            run: u32::from_str_radix(parts.next()?, 16).ok()?,
            worker: parts.next()?.parse().ok()?,
            number: parts.next()?.parse().ok()?,
            due: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(mark)
    }
}

/// Which messages were heard: one bit each.
#[derive(Default)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// Sets a bit; false if it was set before.
    pub fn set(&mut self, index: u64) -> bool {
        let (word, bit) = ((index / 64) as usize, 1 << (index % 64));
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }

    pub fn has(&self, index: u64) -> bool {
        self.0.get((index / 64) as usize).is_some_and(|word| word & (1 << (index % 64)) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_survives_its_muid() {
        let mark = Mark { run: 0x00ab_cdef, worker: 3, number: 12_345, due: 99 };
        assert_eq!(Mark::from_muid(&mark.to_muid()), Some(mark));
        for other in ["", "load-", "load-1-2-3", "load-1-2-3-4-5", "load-x-2-3-4", "m1"] {
            assert_eq!(Mark::from_muid(other), None, "{other}");
        }
    }

    #[test]
    fn a_bit_is_new_once() {
        let mut bits = Bits::default();
        assert!(bits.set(130) && !bits.set(130) && bits.set(2));
        assert!(bits.has(130) && bits.has(2) && !bits.has(129) && !bits.has(10_000));
    }
}
