//! What each call adds to the reports' counters of its hour and its day.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use crate::batch::{ChangedCall, Changes};
use crate::contract::{Direction, Disposition};
use crate::ids::{ModuleId, OutcomeId, UserId};
use crate::view::{CallState, CallView, OperatorState};

/// An answer within these seconds is a soon one.
pub const SOON: i64 = 20;

/// Defines counters, each with its name, which is that of its column too.
macro_rules! counters {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $counter:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$of])* pub $counter: i64,)+
        }

        impl $name {
            /// The counters' names.
            pub const NAMES: &[&str] = &[$(stringify!($counter)),+];

            /// The counters in the order of their names.
            #[must_use]
            pub fn values(&self) -> Vec<i64> {
                vec![$(self.$counter),+]
            }

            /// Counters as `value` gives each by its name.
            ///
            /// # Errors
            /// The first of `value`.
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
    /// Counters of calls.
    CallCounters {
        calls,
        /// Those that somebody answered.
        answered,
        /// Those of which it is known when somebody answered.
        answers_timed,
        /// Seconds until that, of all of those together.
        answer_seconds,
        /// Those that somebody answered soon.
        answered_soon,
        /// Seconds of talk.
        talk_seconds,
        /// Those that were missed.
        missed,
        /// Missed ones whose caller somebody talked with later.
        reached,
        /// Seconds until that, of all of those together.
        reached_seconds,
    }
}

counters! {
    /// Counters of an operator.
    OperatorCounters {
        /// Calls that rang at them or that they had or made.
        calls,
        /// Those they talked in.
        answered,
        /// Those they missed.
        missed,
        /// Seconds of talk.
        talk_seconds,
    }
}

counters! {
    /// How many calls there are of a kind.
    KindCounter {
        calls,
    }
}

/// A module's calls in one direction that began in an hour, or in a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// When the hour or day begins (UTC).
    pub at: DateTime<Utc>,
    /// The module they came through.
    pub module: ModuleId,
    /// Which way they went.
    pub direction: Direction,
}

/// What a [`Slot`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// A day.
    Day,
    /// An hour.
    Hour,
}

impl Span {
    /// As in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Hour => "hour",
        }
    }
}

/// What is added to the reports' counters.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ReportCounters {
    /// Of calls, by the hour.
    pub calls: BTreeMap<Slot, CallCounters>,
    /// Of operators.
    pub operators: BTreeMap<(Span, Slot, UserId), OperatorCounters>,
    /// Of how calls came out.
    pub dispositions: BTreeMap<(Span, Slot, Disposition), KindCounter>,
    /// Of what calls came to.
    pub outcomes: BTreeMap<(Span, Slot, OutcomeId), KindCounter>,
}

impl Changes<'_> {
    /// What the changed calls add, less what they added before; and the missed calls whose caller was reached.
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

/// When the hour or day began that a time is in.
fn start(at: DateTime<Utc>, span: TimeDelta) -> DateTime<Utc> {
    // Only a time that nanoseconds cannot count has none: the year 1 or 9999.
    at.duration_trunc(span).unwrap_or(at)
}

impl ReportCounters {
    /// Adds a call so many times. A call counts once it is over. `reached`: the seconds until its caller was reached.
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
