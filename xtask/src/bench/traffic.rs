//! Webhook bodies for distinct calls, each of which starts, is answered and ends.

use std::net::SocketAddr;

/// A call's number, which in decimal is also its provider id.
pub type CallNumber = u64;

/// The event of a call that a webhook reports, in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Step {
    Start,
    Answer,
    End,
}

/// The target of webhooks: the server and the path with the module's token.
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    pub path: String,
    /// Number of extensions, from `FIRST_EXTENSION` on, that calls ring.
    pub extensions: u64,
}

pub const FIRST_EXTENSION: u64 = 1000;

pub struct Webhook {
    pub call: CallNumber,
    pub step: Step,
}

impl Webhook {
    pub fn body(&self, target: &Target) -> String {
        let event = match self.step {
            Step::Start => "start",
            Step::Answer => "answer",
            Step::End => "end",
        };
        let call = self.call;
        let subscriber = 2_000_000 + call % 7_999_999;
        let extension = FIRST_EXTENSION + call % target.extensions;
        format!(r#"{{"event":"{event}","id":"{call}","from":"+1212{subscriber}","to":"{extension}"}}"#)
    }
}

/// A connection's webhooks, call after call. No two connections of a run have the same calls.
pub struct Calls {
    next: Webhook,
    stride: u64,
}

impl Calls {
    /// Returns the calls `first`, `first + stride`, `first + 2 * stride`, …
    pub fn new(first: CallNumber, stride: u64) -> Self {
        Self { next: Webhook { call: first, step: Step::Start }, stride }
    }
}

impl Iterator for Calls {
    type Item = Webhook;

    fn next(&mut self) -> Option<Webhook> {
        let Webhook { call, step } = self.next;
        self.next = match step {
            Step::Start => Webhook { call, step: Step::Answer },
            Step::Answer => Webhook { call, step: Step::End },
            Step::End => Webhook { call: call + self.stride, step: Step::Start },
        };
        Some(Webhook { call, step })
    }
}
