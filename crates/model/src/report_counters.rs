//! What each call adds to the report counters of its hour and its day.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use crate::batch::{ChangedCall, Changes};
use crate::contract::{Direction, Disposition};
use crate::ids::{ModuleId, OutcomeId, UserId};
use crate::view::{CallState, CallView, OperatorState};

/// An answer within this many seconds is a soon one.
pub(crate) const SOON: i64 = 20;

/// Defines counters, each named like its column.
macro_rules! counters {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $counter:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$of])* pub $counter: i64,)+
        }

        impl $name {
            pub const NAMES: &[&str] = &[$(stringify!($counter)),+];

            /// The counters in the order of their names.
            #[must_use]
            pub fn values(&self) -> Vec<i64> {
                vec![$(self.$counter),+]
            }

            /// Creates counters from `value`, called with each name.
            ///
            /// # Errors
            /// The first error of `value`.
            pub fn from_names<E>(mut value: impl FnMut(&'static str) -> Result<i64, E>) -> Result<Self, E> {
                Ok(Self { $($counter: value(stringify!($counter))?),+ })
            }

            fn add(&mut self, times: i64, other: Self) {
                $(self.$counter += times * other.$counter;)+
            }
        }

        impl std::ops::AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.add(1, other);
            }
        }
    };
}

counters! {
    CallCounters {
        calls,
        /// Calls that somebody answered.
        answered,
        /// Calls with a known time of answer.
        answers_timed,
        /// Seconds until the answer, summed over those calls.
        answer_seconds,
        /// Calls answered soon.
        answered_soon,
        talk_seconds,
        /// Missed calls.
        missed,
        /// Missed calls whose caller was reached later.
        reached,
        /// Seconds until then, summed over those calls.
        reached_seconds,
    }
}

counters! {
    OperatorCounters {
        /// Calls that rang at the operator, or that they had or made.
        calls,
        /// Calls in which the operator talked.
        answered,
        /// Calls the operator missed.
        missed,
        talk_seconds,
    }
}

counters! {
    /// The number of calls of a kind.
    KindCounter {
        calls,
    }
}

/// A module's calls in one direction that began in a certain hour or day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// When the hour or day begins (UTC).
    pub at: DateTime<Utc>,
    /// The module they came through.
    pub module: ModuleId,
    pub direction: Direction,
}

/// The length of a [`Slot`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    Day,
    Hour,
}

impl Span {
    /// The name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Hour => "hour",
        }
    }
}

/// Additions to the report counters.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ReportCounters {
    /// By hour.
    pub calls: BTreeMap<Slot, CallCounters>,
    pub operators: BTreeMap<(Span, Slot, UserId), OperatorCounters>,
    pub dispositions: BTreeMap<(Span, Slot, Disposition), KindCounter>,
    pub outcomes: BTreeMap<(Span, Slot, OutcomeId), KindCounter>,
}

impl Changes<'_> {
    /// What the changed calls add, minus what they added before; and the missed calls whose caller was reached.
    #[must_use]
    pub fn counters(&self) -> ReportCounters {
        let mut counters = ReportCounters::default();
        for ChangedCall { known, before, after, .. } in &self.calls {
            let (module, outcome) = (known.module_id, known.added.outcome_id);
            let seconds = known.added.resolved.as_ref().and_then(|resolved| resolved.reached_seconds);
            if let Some(view) = before {
                counters.count(-1, module, view, outcome, seconds);
            }
            if let Some(after) = after {
                counters.count(1, module, &after.view, outcome, seconds);
            }
        }
        for call in &self.reached {
            let at = start(call.started_at, TimeDelta::hours(1));
            let hour = Slot { at, module: call.module_id, direction: Direction::In };
            let reached = CallCounters {
                reached: 1,
                reached_seconds: i64::from(call.seconds),
                ..CallCounters::default()
            };
            counters.calls.entry(hour).or_default().add(1, reached);
        }
        counters
    }
}

/// The start of the hour or day containing a time.
fn start(at: DateTime<Utc>, span: TimeDelta) -> DateTime<Utc> {
    // Only times beyond the range of nanoseconds have none: the years 1 and 9999.
    at.duration_trunc(span).unwrap_or(at)
}

impl ReportCounters {
    /// Adds a call `times` times. A call counts once it is over. `reached` is the seconds until its caller was reached.
    pub fn count(
        &mut self,
        times: i64,
        module: ModuleId,
        view: &CallView,
        outcome: Option<OutcomeId>,
        reached: Option<i32>,
    ) {
        let Some(direction) = view.direction.filter(|_| view.state == CallState::Ended) else { return };
        let slot = |span| Slot { at: start(view.started_at, span), module, direction };
        let (hour, day) = (slot(TimeDelta::hours(1)), slot(TimeDelta::days(1)));
        self.calls.entry(hour).or_default().add(times, of_call(view, reached));
        for (span, slot) in [(Span::Day, day), (Span::Hour, hour)] {
            for (user, counters) in of_operators(view) {
                self.operators.entry((span, slot, user)).or_default().add(times, counters);
            }
            let one = KindCounter { calls: 1 };
            self.dispositions.entry((span, slot, view.disposition)).or_default().add(times, one);
            if let Some(outcome) = outcome {
                self.outcomes.entry((span, slot, outcome)).or_default().add(times, one);
            }
        }
    }
}

fn of_call(view: &CallView, reached: Option<i32>) -> CallCounters {
    let answered = view.disposition == Disposition::Answered;
    let answer = view.answered_at.map(|at| (at - view.started_at).num_seconds().max(0));
    let reached = reached.filter(|_| view.missed);
    CallCounters {
        calls: 1,
        answered: i64::from(answered),
        answers_timed: i64::from(answer.is_some()),
        answer_seconds: answer.unwrap_or_default(),
        answered_soon: i64::from(answer.is_some_and(|seconds| seconds <= SOON)),
        talk_seconds: view.talk_seconds.filter(|_| answered).map_or(0, i64::from),
        missed: i64::from(view.missed),
        reached: i64::from(reached.is_some()),
        reached_seconds: reached.map_or(0, i64::from),
    }
}

/// What a call was to each of its operators.
fn of_operators(view: &CallView) -> BTreeMap<UserId, OperatorCounters> {
    let mut operators: BTreeMap<UserId, OperatorCounters> = BTreeMap::new();
    for leg in &view.operators {
        let Some(user) = leg.user else { continue };
        let counters = operators.entry(user).or_default();
        counters.calls = 1;
        counters.missed |= i64::from(leg.state == OperatorState::Missed);
    }
    for segment in &view.segments {
        let Some(counters) = segment.user.and_then(|user| operators.get_mut(&user)) else { continue };
        counters.answered = 1;
        counters.talk_seconds += segment.to.map_or(0, |to| (to - segment.from).num_seconds().max(0));
    }
    operators
}
