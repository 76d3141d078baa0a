//! Webhook bodies of distinct calls, each of which starts, is answered and ends.

use std::net::SocketAddr;

/// The number of a call; its provider id is the same number in decimal.
pub type CallNumber = u64;

/// Which event of a call a webhook reports, in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Step {
    Start,
    Answer,
    End,
}

/// Where webhooks go: the server and the path with the module's token.
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    pub path: String,
    /// Extensions `FIRST_EXTENSION ..` that calls ring at.
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

/// The webhooks of one connection, call after call; the calls of two connections of one run differ.
pub struct Calls {
    next: Webhook,
    stride: u64,
}

impl Calls {
    /// The calls `first`, `first + stride`, `first + 2 * stride`, …
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
