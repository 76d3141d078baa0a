//! Reports, from the figures of hours.

use chrono::{DateTime, SubsecRound, Utc};
use hookswitch_model::contract::{Direction, Disposition};
use hookswitch_model::{ModuleId, OutcomeId, UserId};
use hookswitch_store::{CallFigures, OperatorFigures, ReportFilter};
use uuid::Uuid;

use crate::support::{Db, at, both};

/// A moment so many hours into the stories, which begin at midnight.
fn hour(n: i64) -> DateTime<Utc> {
    at(n * 3600).trunc_subsecs(0)
}

fn uuid(db: &Db, id: Uuid) -> String {
    if db.file.is_some() { format!("x'{}'", id.simple()) } else { format!("'{id}'") }
}

/// Puts an hour's figures into a table.
async fn put(db: &Db, table: &str, at: i64, module: ModuleId, rest: &str) {
    let hour = hour(at).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, false);
    let module = uuid(db, module.0);
    db.execute(&format!("insert into {table} values ('{hour}', {module}, {rest})")).await;
}

both!(a_report_adds_up_the_hours_asked_for, |db| {
    let (one, two) = (ModuleId(Uuid::from_u128(1)), ModuleId(Uuid::from_u128(2)));
    let put_calls = async |at, module, rest| put(&db, "call_hours", at, module, rest).await;
    put_calls(0, one, "'in', 'answered', 5, 5, 50, 4, 500, 0, 0, 0").await;
    put_calls(1, one, "'in', 'answered', 2, 2, 20, 1, 200, 0, 0, 0").await;
    put_calls(1, one, "'in', 'noAnswer', 3, 0, 0, 0, 0, 3, 1, 600").await;
    put_calls(1, one, "'out', 'busy', 1, 0, 0, 0, 0, 0, 0, 0").await;
    put_calls(1, one, "'internal', 'failed', 0, 0, 0, 0, 0, 0, 0, 0").await;
    put_calls(2, two, "'in', 'answered', 7, 7, 70, 7, 700, 0, 0, 0").await;
    let all = ReportFilter { from: hour(0), to: hour(3), module_id: None, direction: None };
    let figures = |calls, answered, answer_seconds, answered_soon, talk_seconds| CallFigures {
        calls,
        answered,
        answer_seconds,
        answered_soon,
        talk_seconds,
        ..CallFigures::default()
    };
    let missed = CallFigures { missed: 3, reached: 1, reached_seconds: 600, ..figures(6, 2, 20, 1, 200) };
    let first = (hour(0), figures(5, 5, 50, 4, 500));
    let last = (hour(2), figures(7, 7, 70, 7, 700));
    assert_eq!(db.report_hours(&all).await.unwrap(), [first, (hour(1), missed), last]);
    let part = ReportFilter { from: hour(1), to: hour(2), ..all };
    assert_eq!(db.report_hours(&part).await.unwrap(), [(hour(1), missed)]);
    let of_two = ReportFilter { module_id: Some(two), ..all };
    assert_eq!(db.report_hours(&of_two).await.unwrap(), [last]);
    let out = ReportFilter { direction: Some(Direction::Out), ..all };
    assert_eq!(db.report_hours(&out).await.unwrap(), [(hour(1), figures(1, 0, 0, 0, 0))]);

    let answered = Disposition::Answered;
    assert_eq!(
        db.report_dispositions(&all).await.unwrap(),
        [(answered, 14), (Disposition::NoAnswer, 3), (Disposition::Busy, 1)],
        "what is zero by now is left out"
    );
    assert_eq!(db.report_dispositions(&of_two).await.unwrap(), [(answered, 7)]);
});

both!(a_report_tells_operators_and_outcomes, |db| {
    let (one, two) = (ModuleId(Uuid::from_u128(1)), ModuleId(Uuid::from_u128(2)));
    let (ada, bob) = (UserId(Uuid::from_u128(3)), UserId(Uuid::from_u128(4)));
    let figures = [(0, one, ada, "4, 2, 2, 100"), (1, one, ada, "1, 1, 0, 10"), (1, two, bob, "9, 0, 9, 0")];
    for (at, module, user, figures) in figures {
        put(&db, "operator_hours", at, module, &format!("'in', {}, {figures}", uuid(&db, user.0))).await;
    }
    let of = |user_id, calls, answered, missed, talk_seconds| OperatorFigures {
        user_id,
        calls,
        answered,
        missed,
        talk_seconds,
    };
    let all = ReportFilter { from: hour(0), to: hour(9), module_id: None, direction: None };
    assert_eq!(db.report_operators(&all).await.unwrap(), [of(bob, 9, 0, 9, 0), of(ada, 5, 3, 2, 110)]);
    let out = ReportFilter { direction: Some(Direction::Out), ..all };
    assert_eq!(db.report_operators(&out).await.unwrap(), []);

    let (order, none) = (OutcomeId(Uuid::from_u128(5)), OutcomeId(Uuid::from_u128(6)));
    for (at, module, outcome, calls) in [(0, one, order, 2), (1, one, order, 1), (1, two, none, 4)] {
        put(&db, "outcome_hours", at, module, &format!("'in', {}, {calls}", uuid(&db, outcome.0))).await;
    }
    assert_eq!(db.report_outcomes(&all).await.unwrap(), [(none, 4), (order, 3)]);
    let of_one = ReportFilter { module_id: Some(one), ..all };
    assert_eq!(db.report_outcomes(&of_one).await.unwrap(), [(order, 3)]);
});
