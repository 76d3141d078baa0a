//! Room for the bytes of `fetch`, from the call's own budget and the process's. It is taken before bytes are stored,
//! and the process's share is held until the script has them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::host::HostError;

/// How long a response waits for room in the process.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes per permit of the process's budget.
const UNIT: u64 = 1 << 10;

/// Request bodies up to this size, nearly all of them, need no room in the process.
const SMALL: u64 = 64 << 10;

/// The budget of the whole process.
#[derive(Debug, Clone)]
pub(crate) struct ProcessRoom(Arc<Semaphore>);

impl ProcessRoom {
    pub(crate) fn new(bytes: u64) -> Self {
        let units = usize::try_from(bytes / UNIT).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self(Arc::new(Semaphore::new(units)))
    }
}

/// Room for one `fetch`. Dropping it returns the process's share; what was taken from the call's budget stays taken.
#[derive(Debug)]
pub struct FetchRoom {
    /// Bytes the call may still send and receive.
    left: Arc<AtomicU64>,
    process: ProcessRoom,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    bytes: u64,
    permits: Vec<OwnedSemaphorePermit>,
}

impl FetchRoom {
    pub(crate) fn new(left: Arc<AtomicU64>, process: ProcessRoom) -> Self {
        Self { left, process, taken: Mutex::default() }
    }

    /// Room for this many bytes, shared with nobody: for a fetch outside a script's call.
    pub fn alone(bytes: u64) -> Self {
        Self::new(Arc::new(AtomicU64::new(bytes)), ProcessRoom::new(bytes.next_multiple_of(UNIT)))
    }

    /// Takes room for the body to send; fails immediately if there is none, since the body is in memory already.
    pub(crate) fn for_sent(&self, bytes: u64) -> Result<(), HostError> {
        self.charge(bytes)?;
        if bytes <= SMALL {
            return Ok(());
        }
        let permit = Arc::clone(&self.process.0).try_acquire_many_owned(units(bytes));
        self.keep(0, permit.map_err(|_| no_room())?);
        Ok(())
    }

    /// Takes room for more bytes of the response before they are stored. Waits a while if other responses fill the
    /// process's budget.
    ///
    /// # Errors
    /// [`HostError::TOO_LARGE`] over the call's budget, [`HostError::NO_ROOM`] if the process has none in time.
    pub async fn reserve(&self, bytes: u64) -> Result<(), HostError> {
        self.charge(bytes)?;
        let acquire = Arc::clone(&self.process.0).acquire_many_owned(units(bytes));
        match tokio::time::timeout(PATIENCE, acquire).await {
            Ok(Ok(permit)) => self.keep(bytes, permit),
            _ => return Err(no_room()),
        }
        Ok(())
    }

    /// Takes what is missing for a response of this many bytes.
    pub(crate) async fn reserve_all(&self, bytes: u64) -> Result<(), HostError> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner).bytes;
        if bytes > taken { self.reserve(bytes - taken).await } else { Ok(()) }
    }

    fn charge(&self, bytes: u64) -> Result<(), HostError> {
        let less = |left: u64| left.checked_sub(bytes);
        let charged = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        charged.map(drop).map_err(|left| {
            let message = format!("the call may fetch only {left} more bytes, not {bytes}");
            HostError::new(HostError::TOO_LARGE, message)
        })
    }

    fn keep(&self, bytes: u64, permit: OwnedSemaphorePermit) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.bytes += bytes;
        match taken.permits.last_mut() {
            Some(last) => last.merge(permit),
            None => taken.permits.push(permit),
        }
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

fn no_room() -> HostError {
    let message =
        "the server has no room for the response: other fetches use all of script.fetch_process_bytes";
    HostError::new(HostError::NO_ROOM, message)
}
