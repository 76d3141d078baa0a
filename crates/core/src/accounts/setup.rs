//! Creation of the first administrator, with a code printed by the server at its first start.

use subtle::ConstantTimeEq;
use tokio::sync::{Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock;

/// The one-time code, until it is used or an administrator is created otherwise.
#[derive(Debug)]
pub struct Setup(Mutex<Option<Code>>);

struct Code(String);

/// Held while the first administrator is created, so that a code is used only once.
#[derive(Debug)]
pub struct OpenSetup<'a>(MutexGuard<'a, Option<Code>>);

impl Setup {
    /// Creates a new code if `open`.
    #[must_use]
    pub fn new(open: bool) -> Self {
        Self(Mutex::new(open.then(|| Code(URL_SAFE_NO_PAD.encode(clock::random::<16>())))))
    }

    /// The code to print; `None` if setup is closed.
    pub async fn code(&self) -> Option<String> {
        self.0.lock().await.as_ref().map(|code| code.0.clone())
    }

    /// Locks the setup while it is open.
    pub async fn open(&self) -> Option<OpenSetup<'_>> {
        let code = self.0.lock().await;
        code.is_some().then_some(OpenSetup(code))
    }
}

impl OpenSetup<'_> {
    #[must_use]
    pub fn is_code(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|code| code.0.as_bytes().ct_eq(text.as_bytes()).into())
    }

    /// Invalidates the code: there is an administrator now.
    pub fn close(mut self) {
        *self.0 = None;
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code")
    }
}
