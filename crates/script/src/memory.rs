//! Counts and bounds a runtime's memory, and reports when it ran out. QuickJS has a bound of its own, but that is not
//! enough: with no memory left for an error it throws `null`, which a script may do too.

use std::cell::Cell;
use std::rc::Rc;

use rquickjs::allocator::{Allocator, RustAllocator};

/// Shared by a runtime's allocator and its state.
pub(crate) struct Memory {
    used: Cell<usize>,
    limit: usize,
    is_lifted: Cell<bool>,
    refused: Cell<bool>,
}

impl Memory {
    pub(crate) fn new(limit: usize) -> Rc<Self> {
        Rc::new(Self { used: Cell::new(0), limit, is_lifted: Cell::new(false), refused: Cell::new(false) })
    }

    pub(crate) fn allocator(self: &Rc<Self>) -> impl Allocator + use<> {
        Counted(Rc::clone(self))
    }

    /// Whether more than half of the limit is in use.
    pub(crate) fn is_high(&self) -> bool {
        self.used.get() > self.limit / 2
    }

    /// Whether code of this length can be compiled, whatever it contains.
    pub(crate) fn has_room_for_code(&self, length: usize) -> bool {
        const AT_LEAST: usize = 64 << 10;
        // A function of four characters takes more than a kilobyte.
        const PER_CHARACTER: usize = 512;
        let left = self.limit.saturating_sub(self.used.get());
        length.saturating_mul(PER_CHARACTER).saturating_add(AT_LEAST) <= left
    }

    /// Whether an allocation was refused since [`Self::forget_refusal`].
    pub(crate) fn was_refused(&self) -> bool {
        self.refused.get()
    }

    /// Forgets earlier refusals.
    pub(crate) fn forget_refusal(&self) {
        self.refused.set(false);
    }

    /// Runs work that must not run out of memory: QuickJS aborts the process if that happens to its compiler at the
    /// wrong moment. The memory it took counts afterwards.
    pub(crate) fn without_limit<R>(&self, work: impl FnOnce() -> R) -> R {
        self.is_lifted.set(true);
        let done = work();
        self.is_lifted.set(false);
        done
    }

    fn has_room(&self, more: usize) -> bool {
        let fits =
            self.is_lifted.get() || self.used.get().checked_add(more).is_some_and(|used| used <= self.limit);
        if !fits {
            self.refused.set(true);
        }
        fits
    }
}

struct Counted(Rc<Memory>);

impl Counted {
    fn count(&self, allocated: *mut u8) -> *mut u8 {
        if !allocated.is_null() {
            self.0.used.set(self.0.used.get() + size_of_block(allocated));
        }
        allocated
    }
}

#[expect(unsafe_code, reason = "the interface of an allocator")]
fn size_of_block(block: *mut u8) -> usize {
    // SAFETY: only called with blocks from `RustAllocator` that have not been freed.
    unsafe { RustAllocator::usable_size(block) }
}

#[expect(unsafe_code, reason = "the interface of an allocator")]
// SAFETY: every block comes from and returns to `RustAllocator`; here it is only counted.
unsafe impl Allocator for Counted {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        if !self.0.has_room(size) {
            return std::ptr::null_mut();
        }
        self.count(RustAllocator.alloc(size))
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        if !count.checked_mul(size).is_some_and(|bytes| self.0.has_room(bytes)) {
            return std::ptr::null_mut();
        }
        self.count(RustAllocator.calloc(count, size))
    }

    unsafe fn dealloc(&mut self, block: *mut u8) {
        self.0.used.set(self.0.used.get().saturating_sub(size_of_block(block)));
        // SAFETY: the caller upholds the contract of `RustAllocator`.
        unsafe { RustAllocator.dealloc(block) }
    }

    unsafe fn realloc(&mut self, block: *mut u8, new_size: usize) -> *mut u8 {
        if block.is_null() {
            return self.alloc(new_size);
        }
        let old_size = size_of_block(block);
        if !self.0.has_room(new_size.saturating_sub(old_size)) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller upholds the contract of `RustAllocator`.
        let moved = unsafe { RustAllocator.realloc(block, new_size) };
        if !moved.is_null() {
            self.0.used.set((self.0.used.get() + size_of_block(moved)).saturating_sub(old_size));
        }
        moved
    }

    unsafe fn usable_size(block: *mut u8) -> usize {
        size_of_block(block)
    }
}
